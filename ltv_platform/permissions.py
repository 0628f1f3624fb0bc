"""Who may read LTV_HOME, which holds personal data: its owner, and a group with access."""

import os
import stat
from pathlib import Path

_GROUP = 0o070
_OTHERS = 0o007


def keep_private(home: Path) -> None:
    """Make files of this process and its children private to the owner: 0700, 0600.

    If LTV_HOME was created for a group, with 0750 or 0770, new files are for that group as well. A
    folder that everybody may read says nothing about a group: that is the usual default.
    """
    try:
        mode = stat.S_IMODE(home.stat().st_mode)
    except OSError:  # does not exist yet
        mode = 0o700
    made_for_group = not mode & _OTHERS or mode & stat.S_IWGRP
    os.umask(_OTHERS | (_GROUP & ~mode if made_for_group else _GROUP))


def is_open_to_all(home: Path, file: Path) -> bool:
    """Whether every user of the machine may read a file in LTV_HOME."""
    try:
        return bool(home.stat().st_mode & stat.S_IXOTH and file.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
