"""Process groups: a service ends together with all the processes it started.

A service starts processes itself: the code server one for the definitions, and that one a process
per run. If only the service ended, they would keep running. So each service leads a process group,
and signals go to groups. A watcher ends the groups when their parent cannot: it is this file, run
as a program, and a pipe tells it when the parent is gone, even by ``kill -9``.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

#: Seconds that groups have to end before they are killed, and seconds to wait after that. Together
#: with what their parent needs to notice, they are less than the ten that docs/operations.md
#: promises.
_GRACE, _GONE = 5.0, 2.0
_LOOK = 0.05


def start_group(
    arguments: Sequence[str], folder: Path | None = None, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start Python as the leader of a new process group.

    It also has its own session, so that Ctrl-C in the terminal only reaches its parent.

    Args:
        arguments: Arguments of the interpreter.
        folder: Its working directory; None: the current one.
        stdin: Its standard input; by default none.
    """
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, stdin=stdin, start_new_session=True
    )


def end_groups(groups: Iterable[int]) -> None:
    """Ask all processes of the groups to end, then kill those that are left, all at the same time.

    A run that is asked to end reports that it was interrupted, so another one resumes its work as
    soon as services are back. A killed one is only missed minutes later.
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
    """Kill the processes that a dead leader has left behind."""
    _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS: the group has only zombies
        os.killpg(group, number)


def _is_gone(group: int) -> bool:
    # An ended process stays in its group until it is reaped. We reap the leaders, and all others if
    # we are the first process of a container.
    with suppress(ChildProcessError):
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return True
    return False


class Watcher:
    """A process that ends groups after this one has ended, however it ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._watched: list[int] = []

    def watch(self, groups: Sequence[int]) -> None:
        """Watch these groups from now on, and no others."""
        if self._process is None or self._process.poll() is not None:
            # Isolated: it only needs the standard library, and starts quickly.
            self._process = start_group(["-I", __file__], stdin=subprocess.PIPE)
            self._watched = []
        if self._watched != list(groups) and (pipe := self._process.stdin) is not None:
            with suppress(BrokenPipeError):  # it was killed; the next call starts another
                pipe.write(" ".join(map(str, groups)).encode() + b"\n")
                pipe.flush()
                self._watched = list(groups)

    def dismiss(self) -> None:
        """End the watcher: nothing is left to watch."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def main() -> None:
    """Read lines with groups, each replacing the last; end the groups at the end of input."""
    groups = ""
    for line in sys.stdin:
        groups = line
    end_groups(map(int, groups.split()))


if __name__ == "__main__":
    main()
