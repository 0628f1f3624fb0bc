"""Locks on files and folders of LTV_HOME; they end with their process, however it ends.

The kernel releases the ``flock`` of a killed process. So an unlocked folder is a leftover and can
be removed, and nobody ever waits for a dead process.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ltv_platform.errors import BusyError, UserError

if TYPE_CHECKING:
    from ltv_platform.settings import Settings

_LOCK = ".lock"
#: Seconds between two attempts at a lock that another process holds.
_PAUSE = 0.1


@contextmanager
def temporary_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A folder for this process alone; leftovers of dead processes are removed.

    Args:
        parent: An existing folder in which it is created.
        prefix: Beginning of its name, and of the names of leftovers to remove.
    """
    # Nobody removes leftovers between the creation of a folder and its lock.
    sweeping = _open(parent)
    try:
        fcntl.flock(sweeping, fcntl.LOCK_EX)
        for left in parent.glob(f"{prefix}*"):
            _remove_if_left(left)
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = _open(folder)
        fcntl.flock(lock, fcntl.LOCK_EX)
    finally:
        os.close(sweeping)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _remove_if_left(folder: Path) -> None:
    try:
        lock = _open(folder)
    except FileNotFoundError:  # its owner removed it just now
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:  # its owner is alive
        return
    finally:
        os.close(lock)


def _open(folder: Path) -> int:
    return os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)


@contextmanager
def one_run(settings: "Settings", waiting: Callable[[str], None]) -> Iterator[None]:
    """Let only one process at a time bring this LTV_HOME up to date.

    Two interleaved runs would each see the other's half-finished tables: their checks would compare
    tables of different states, and fail. Loads and readers do not need the lock: if a load commits
    during a run, the run plans again.

    Args:
        settings: The path of the lock, and how long to wait for it.
        waiting: Called once, with the reason, if the lock is taken.

    Raises:
        BusyError: the other run takes longer than the timeout.
    """
    busy = f"is bringing {settings.home} up to date"
    # A run takes time in proportion to the data, unlike the statements that other locks protect.
    patience = settings.run_timeout, "LTV_RUN_TIMEOUT"
    with _alone(settings.run_lock_path, busy, *patience, waiting):
        yield


@contextmanager
def one_scorer(settings: "Settings", waiting: Callable[[str], None]) -> Iterator[None]:
    """Let only one process at a time call the IHC API: two would pay for the same journeys."""
    busy = f"is scoring the journeys of {settings.home}"
    patience = settings.lock_timeout, "LTV_LOCK_TIMEOUT"
    with _alone(settings.scoring_lock_path, busy, *patience, waiting):
        yield


@contextmanager
def one_service(settings: "Settings") -> Iterator[None]:
    """Let only one `ltv up` serve an LTV_HOME, and nobody replace it meanwhile.

    Raises:
        BusyError: another one serves it already.
    """
    with one_at_a_time(settings.service_lock_path, f"serves {settings.home} (`ltv up`)", 0):
        yield


@contextmanager
def one_receiver(settings: "Settings", timeout: float = 0) -> Iterator[None]:
    """Let only one process write to the spool of an LTV_HOME: a server, or who empties it.

    Args:
        settings: The path of the lock.
        timeout: Seconds to wait; 0: do not wait.

    Raises:
        BusyError: a server receives events.
    """
    busy = f"receives events for {settings.home}"
    with one_at_a_time(settings.spool_lock_path, busy, timeout):
        yield


@contextmanager
def one_at_a_time(path: Path, busy: str, timeout: float) -> Iterator[None]:
    """Let only one process or thread at a time do something short.

    Args:
        path: The lock file; its folder is created if necessary.
        busy: What the other process does, as in ``writes LTV_HOME/alerts``.
        timeout: Seconds to wait; 0: do not wait.

    Raises:
        BusyError: the other process takes longer.
    """
    with _alone(path, busy, timeout, "", lambda _: None):
        yield


@contextmanager
def _alone(
    path: Path, busy: str, timeout: float, setting: str, waiting: Callable[[str], None]
) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _wait_for(lock, busy, timeout, setting, waiting)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(lock)


def _wait_for(
    lock: int, busy: str, timeout: float, setting: str, waiting: Callable[[str], None]
) -> None:
    give_up = time.monotonic() + timeout
    told = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            holder = os.pread(lock, 20, 0).decode(errors="replace").strip() or "(just started)"
        if not told:
            waiting(f"waiting for the run of process {holder}")
            told = True
        if time.monotonic() >= give_up:
            raise BusyError(
                f"Process {holder} {busy}" + (f" (waited {timeout:g} s)." if timeout else "."),
                "Let it finish or end it, then try again"
                + (f"; {setting} waits longer." if setting else "."),
            )
        time.sleep(_PAUSE)


def refuse_half_restored(settings: "Settings") -> None:
    """Nobody works on an LTV_HOME that is old in one part and new in another.

    Raises:
        UserError: a restore was killed, or is just putting its files in place.
    """
    if settings.restoring_path.exists():
        raise UserError(
            f"{settings.home} is half restored.",
            "If `ltv restore` is running, let it finish; if it was interrupted, run it again, and "
            "it continues where it stopped.",
        )
