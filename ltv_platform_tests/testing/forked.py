"""``ltv`` in separate processes that start at once: forked from a server that has imported it.

They are real processes, with their own environment and exit code, to be killed as one likes.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Lock

from ltv_platform.settings import variable_name
from ltv_platform_tests import testing

#: The clock of the tests, as LTV_NOW says it.
NOW = testing.NOW.isoformat()
#: The same for the bundled sample, which ends on the day before.
SAMPLE_NOW = "2026-11-30T12:00:00+00:00"

_SERVER = get_context("forkserver")
_SERVER.set_forkserver_preload(["ltv_platform_tests.testing.warm"])
#: Longer than any command of a test takes on the busiest machine, in seconds: the 300 files of
#: ``make chaos`` took more than two minutes on two cores that ten others used.
_TOO_LONG = 1_800.0
#: Whoever starts a process also asks all others whether they have ended. An exit code can be read
#: only once, so of two threads that ask at the same time one would take 255 for it.
_CHILDREN = Lock()


def _start(process: BaseProcess) -> None:
    with _CHILDREN:
        process.start()


def _exit_code(process: BaseProcess) -> int | None:
    with _CHILDREN:
        return process.exitcode


def _end(process: BaseProcess) -> int | None:
    """The exit code, once it has ended; None: it hangs, and was killed."""
    hangs = not wait([process.sentinel], _TOO_LONG)
    if hangs:
        process.kill()
        wait([process.sentinel])
    code = _exit_code(process)
    return None if hangs else code


def run_forked(function: Callable[..., object], *arguments: object) -> int:
    """The exit code of a process that calls a function; both must be known by name."""
    process = _SERVER.Process(target=function, args=arguments)
    _start(process)
    code = _end(process)
    assert code is not None, f"no end within {_TOO_LONG:g} s: {function}"
    return code


def _ltv() -> None:
    from ltv_platform.cli import main

    main()


@dataclass(frozen=True)
class Answer:
    """What a command gave."""

    code: int
    out: str
    err: str


@dataclass
class Running:
    """A command under way.

    Attributes:
        process: Its process.
        spoken: Files that take its stdout and stderr.
    """

    process: BaseProcess
    spoken: tuple[Path, Path]

    def ends_within(self, seconds: float) -> bool:
        """Wait so long at most; whether it has ended."""
        return bool(wait([self.process.sentinel], seconds))

    def send(self, signal_number: int) -> None:
        """Send it a signal; it may just have ended."""
        if self.ends_within(0) or self.process.pid is None:
            return
        with suppress(ProcessLookupError):  # it may do so between the two lines, too
            os.kill(self.process.pid, signal_number)

    def answer(self) -> Answer:
        """Wait for the end; the code is negative where a signal ended it.

        Raises:
            TimeoutError: it hangs.
        """
        code = _end(self.process)
        if code is None:
            raise TimeoutError(f"no end within {_TOO_LONG:g} s: {self.spoken[1].read_text()}")
        out, err = (path.read_text("utf-8") for path in self.spoken)
        return Answer(code, out, err)


@dataclass(frozen=True)
class ForkedLtv:
    """``ltv`` in one LTV_HOME.

    Attributes:
        home: The folder.
        settings: LTV_ variables of every command, in lower case.
        prepare: Called in the process before the command.
        act: The command, with its words in ``sys.argv``.
        spoken: Folder for what commands say; default: one beside the home.
    """

    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] | None = None
    act: Callable[[], None] = _ltv
    spoken: Path | None = None

    def start(self, *arguments: str | Path, **settings: str) -> Running:
        """Start a command under further settings."""
        given = {"home": str(self.home), "now": NOW, **self.settings, **settings}
        environment = {variable_name(name): value for name, value in given.items()}
        if "COLUMNS" in os.environ:
            environment["COLUMNS"] = os.environ["COLUMNS"]
        folder = self.spoken or self.home.parent / "spoken"
        folder.mkdir(exist_ok=True)
        stem = f"{time.monotonic_ns()}"
        spoken = (folder / f"{stem}.out", folder / f"{stem}.err")
        for path in spoken:  # it may be killed before it opens them
            path.touch()
        process = _SERVER.Process(
            target=_command,
            args=([str(a) for a in arguments], environment, spoken, self.prepare, self.act),
        )
        _start(process)
        return Running(process, spoken)

    def __call__(self, *arguments: str | Path, **settings: str) -> Answer:
        """Run a command to its end."""
        return self.start(*arguments, **settings).answer()


def _command(
    arguments: list[str],
    environment: dict[str, str],
    spoken: tuple[Path, Path],
    prepare: Callable[[], None] | None,
    act: Callable[[], None],
) -> None:
    for descriptor, path in enumerate(spoken, start=1):
        with path.open("wb") as file:
            os.dup2(file.fileno(), descriptor)
    # Readline, which the server has loaded, sets COLUMNS.
    others = ("LTV_", "DAGSTER_", "IHC_", "COLUMNS")
    for name in [name for name in os.environ if name.startswith(others)]:
        del os.environ[name]
    os.environ.update(environment)
    sys.argv = ["ltv", *arguments]
    if prepare is not None:
        prepare()
    act()
