"""Locks on files and folders of LTV_HOME that end with their process, however it ends.

The kernel takes an ``flock`` back from a process that was killed. So a folder that nobody has
locked was left behind and may go, and no lock of a dead process is ever waited for.
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
#: Pause between two looks at a lock that another process holds, in seconds.
_PAUSE = 0.1


@contextmanager
def temporary_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A folder of this process alone; those that dead processes left there are removed.

    Args:
        parent: Where it is made; exists.
        prefix: Its name begins so, and the names of those that are removed.
    """
    # Nobody sweeps between the making of a folder and its lock.
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
    except BlockingIOError:  # its owner lives
        return
    finally:
        os.close(lock)


def _open(folder: Path) -> int:
    return os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)


@contextmanager
def one_run(settings: "Settings", waiting: Callable[[str], None]) -> Iterator[None]:
    """Let one process at a time bring this LTV_HOME up to date.

    Two runs that rewrite tables in turns would each see the other's half: their checks compare
    tables of different states, and fail. Loads and readers are not concerned: a run that a load
    overtakes plans again.

    Args:
        settings: Where the lock lies and how long to wait for it.
        waiting: Told once that another process is waited for.

    Raises:
        BusyError: the other run lasts longer.
    """
    busy = f"is bringing {settings.home} up to date"
    # A run may take as long as the data is large; a statement seldom does.
    patience = settings.run_timeout, "LTV_RUN_TIMEOUT"
    with _alone(settings.run_lock_path, busy, *patience, waiting):
        yield


@contextmanager
def one_scorer(settings: "Settings", waiting: Callable[[str], None]) -> Iterator[None]:
    """Let one process at a time ask the IHC API: two would pay for the same journeys."""
    busy = f"is scoring the journeys of {settings.home}"
    patience = settings.lock_timeout, "LTV_LOCK_TIMEOUT"
    with _alone(settings.scoring_lock_path, busy, *patience, waiting):
        yield


@contextmanager
def one_service(settings: "Settings") -> Iterator[None]:
    """Let one `ltv up` serve an LTV_HOME, and nobody change it from under its processes.

    Raises:
        BusyError: one serves it already.
    """
    with one_at_a_time(settings.service_lock_path, f"serves {settings.home} (`ltv up`)", 0):
        yield


@contextmanager
def one_at_a_time(path: Path, busy: str, timeout: float) -> Iterator[None]:
    """Let one process or thread at a time do something short.

    Args:
        path: The lock; its folder is made if need be.
        busy: What the other one does, as in ``writes LTV_HOME/alerts``.
        timeout: Seconds to wait for it; 0: not at all.

    Raises:
        BusyError: the other one takes longer.
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
            "If `ltv restore` is under way, let it finish; if it was ended, run it again, and it "
            "goes on where it stopped.",
        )
