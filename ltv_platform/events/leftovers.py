"""Events that wait in the spool: how many bytes, and handing over what a killed server left."""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ltv_platform.contracts.sources import EVENTS_SUFFIX
from ltv_platform.errors import BusyError, PassingError
from ltv_platform.events.segments import cut_torn, last_modified, move_to_landing
from ltv_platform.locks import one_receiver
from ltv_platform.settings import Settings

#: Seconds in which a server hands over the segments that it has open, with much to spare.
_PATIENCE = 60.0
_PAUSE = 0.2


@dataclass(frozen=True)
class Waiting:
    """Events that no load has taken yet.

    Attributes:
        files: Their number of segments.
        bytes: Their size.
        oldest: When the oldest of them was last written to, in seconds since 1970; None: there are
            none.
    """

    files: int
    bytes: int
    oldest: float | None


def segments_in(folder: Path) -> list[Path]:
    """The segments in the folders of all tables, in order of receipt."""
    return sorted(folder.glob(f"*/*{EVENTS_SUFFIX}"))


def waiting_events(settings: Settings) -> Waiting:
    """What waits in the spool and in landing."""
    seen = []
    for path in (*segments_in(settings.spool_path), *segments_in(settings.landing_path)):
        with suppress(FileNotFoundError):  # moved on just now
            seen.append(path.stat())
    oldest = min((status.st_mtime for status in seen), default=None)
    return Waiting(len(seen), sum(status.st_size for status in seen), oldest)


def is_abandoned(settings: Settings) -> bool:
    """Whether the spool has segments that no server writes to."""
    if not segments_in(settings.spool_path):
        return False
    try:
        with one_receiver(settings):
            return True
    except BusyError:
        return False


def recover(settings: Settings) -> int:
    """Hand what a killed server left in the spool to landing, unless a server is running.

    Returns:
        The number of segments.

    Raises:
        PassingError: one of them cannot be moved.
    """
    if not segments_in(settings.spool_path):
        return 0
    try:
        with one_receiver(settings):
            return recover_locked(settings)
    except BusyError:
        return 0


def recover_locked(settings: Settings) -> int:
    """Like :func:`recover`, for the process that holds the lock."""
    moved = 0
    for path in segments_in(settings.spool_path):
        landing = settings.landing_path / path.parent.name
        try:
            # A backup may have copied it before and after it moved, the first time in part.
            if (landing / path.name).exists() or not cut_torn(path):
                path.unlink()
                continue
            move_to_landing(path, landing, last_modified(landing))
        except OSError as error:
            raise PassingError(
                f"{path} cannot be moved to landing: {error.strerror or error}.",
                "Free some space or fix the permissions of LTV_HOME; its events are safe there.",
            ) from error
        moved += 1
    return moved


def hand_over(settings: Settings) -> None:
    """Wait until everything received so far is in landing.

    Raises:
        BusyError: the server does not close its segments.
        PassingError: a segment of a killed server cannot be moved.
    """
    received = {path.name for path in segments_in(settings.spool_path)}
    until = time.monotonic() + _PATIENCE
    while received:
        recover(settings)
        received &= {path.name for path in segments_in(settings.spool_path)}
        if received and time.monotonic() > until:
            raise BusyError(
                f"The server still writes to {len(received)} segments of {settings.spool_path}.",
                "Look at its log, or stop it and try again.",
            )
        if received:
            time.sleep(_PAUSE)
