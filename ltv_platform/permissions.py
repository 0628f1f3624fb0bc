"""Who may read what LTV_HOME holds: its owner, because of personal data, and a group let in."""

import os
import stat
from pathlib import Path

_GROUP = 0o070
_OTHERS = 0o007


def keep_private(home: Path) -> None:
    """Let what this process and those that it starts make be for the owner alone: 0700, 0600.

    An LTV_HOME that was made for a group, as 0750 or 0770, is for that group, in all that it
    holds. One that everybody may read tells nothing of a group: that is how folders are made.
    """
    try:
        mode = stat.S_IMODE(home.stat().st_mode)
    except OSError:  # not made yet
        mode = 0o700
    made_for_group = not mode & _OTHERS or mode & stat.S_IWGRP
    os.umask(_OTHERS | (_GROUP & ~mode if made_for_group else _GROUP))


def is_open_to_all(home: Path, file: Path) -> bool:
    """Whether every user of the machine may read a file in LTV_HOME."""
    try:
        return bool(home.stat().st_mode & stat.S_IXOTH and file.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
