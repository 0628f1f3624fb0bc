"""Processes that end as a whole: a service, and all that it started.

A service starts processes itself: the code server one that holds the definitions, and that one a
process per run. Ended alone, it would leave them behind, computing. So each service leads a group
of its own, and signals go to groups. A watcher ends them where their parent could not: it is this
file, run as a program, and learns from a pipe that the parent is gone, even by ``kill -9``.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

#: Seconds that groups get to end by themselves before they are killed, and to be gone then. Both
#: together, and what their parent needs to notice, are less than the ten that docs/operations.md
#: promises.
_GRACE, _GONE = 5.0, 2.0
_LOOK = 0.05


def start_group(
    arguments: Sequence[str], folder: Path | None = None, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start Python as the leader of a group of its own.

    It has a session of its own as well: Ctrl-C in the terminal does not reach it, its parent does.

    Args:
        arguments: Of the interpreter.
        folder: Where it works; None: here.
        stdin: What it reads; nothing if not given.
    """
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, stdin=stdin, start_new_session=True
    )


def end_groups(groups: Iterable[int]) -> None:
    """Ask all processes of groups to end, then kill those that are left; all of them at once.

    A run that is asked says that it was cut off, so another one goes on where it stopped as soon as
    services are back. One that is only killed is missed minutes later.
    """
    left = list(groups)
    for number, seconds in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GONE)):
        for group in left:
            _signal(group, number)
        give_up = time.monotonic() + seconds
        while left and time.monotonic() < give_up:
            left = [group for group in left if not _is_gone(group)]
            time.sleep(_LOOK if left else 0)


def kill_group(group: int) -> None:
    """Kill what a leader that died has left behind."""
    _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS: it has but zombies
        os.killpg(group, number)


def _is_gone(group: int) -> bool:
    # A process that ended stays in its group until it is reaped. The leaders are ours to reap,
    # and all the others where we are the first process of a container.
    with suppress(ChildProcessError):
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return True
    return False


class Watcher:
    """A process that ends groups when this one has ended, however it did."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._told: list[int] = []

    def watch(self, groups: Sequence[int]) -> None:
        """Be responsible for these groups from now on, and for no others."""
        if self._process is None or self._process.poll() is not None:
            # Isolated: it needs nothing but the standard library, and starts at once.
            self._process = start_group(["-I", __file__], stdin=subprocess.PIPE)
            self._told = []
        if self._told != list(groups) and (pipe := self._process.stdin) is not None:
            with suppress(BrokenPipeError):  # it was killed; the next call starts another
                pipe.write(" ".join(map(str, groups)).encode() + b"\n")
                pipe.flush()
                self._told = list(groups)

    def dismiss(self) -> None:
        """Nothing is left to watch."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def main() -> None:
    """Read lines of groups, of which the last counts; end them when there are no more lines."""
    groups = ""
    for line in sys.stdin:
        groups = line
    end_groups(map(int, groups.split()))


if __name__ == "__main__":
    main()
