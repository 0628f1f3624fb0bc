"""``ltv up`` for tests: started, watched, killed in parts, ended."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

from ltv_platform.orchestration.services import CODE_SERVER, DAEMON, WEB_SERVER
from ltv_platform_tests.chaos.stream import files
from ltv_platform_tests.testing.comparison import SETTINGS, contents, difference, home_at
from ltv_platform_tests.testing.graphql import ask

#: Parts of a command line by which the processes of ``ltv up`` are known.
SERVICES = (CODE_SERVER, WEB_SERVER, DAEMON)
#: Run workers are processes that the code server starts.
_WORKER = "multiprocessing"


class Up:
    """A running ``ltv up``.

    Args:
        home: The LTV_HOME.
        log: Where it writes what it says.
        settings: Its LTV_ variables, in lower case.
        api: Whether it serves the HTTP API.
    """

    def __init__(
        self, home: Path, log: Path, settings: Mapping[str, str] = SETTINGS, *, api: bool = False
    ) -> None:
        self.home = home
        self._log = log
        self.port, self.api_port = _free_port(), _free_port()
        serving = ["--serve", "--serve-port", str(self.api_port)] if api else []
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LTV_", "DAGSTER_"))}
        variables = {f"LTV_{name.upper()}": value for name, value in settings.items()}
        variables |= {"LTV_FRESHNESS_HOURS": "none", "LTV_HOME": str(home)}
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "ltv_platform.cli", "up"),
                    *("--port", str(self.port), *serving),
                ],
                env={**kept, **variables},
                stdout=out,
                stderr=out,
            )

    @property
    def said(self) -> str:
        """What it has said."""
        return self._log.read_text("utf-8", errors="replace")

    def answers(self) -> bool:
        """Whether its web server answers."""
        with suppress(OSError):
            address = f"http://127.0.0.1:{self.port}/server_info"
            with urllib.request.urlopen(address, timeout=5) as answer:
                return bool(answer.status == 200)
        return False

    def ask(self, query: str, **variables: Any) -> Any:
        """What the UI's own API answers."""
        return ask(f"http://127.0.0.1:{self.port}", query, variables)

    def runs(self) -> list[str]:
        """The status of every run, newest first."""
        query = "{ runsOrError(limit: 1000) { ... on Runs { results { status } } } }"
        return [run["status"] for run in self.ask(query)["runsOrError"]["results"]]

    def is_idle(self) -> bool:
        """Whether no run waits or is under way."""
        return set(self.runs()) <= {"SUCCESS", "FAILURE", "CANCELED"}

    def failed_ticks(self) -> list[str]:
        """Messages of sensors whose evaluation failed."""
        query = """{ sensorsOrError(repositorySelector: {
            repositoryName: "__repository__", repositoryLocationName: "ltv-platform"
        }) { ... on Sensors { results { sensorState {
            ticks(statuses: [FAILURE]) { error { message } }
        } } } } }"""
        sensors = self.ask(query)["sensorsOrError"]["results"]
        ticks = [tick for sensor in sensors for tick in sensor["sensorState"]["ticks"]]
        return [str(tick["error"]) for tick in ticks]

    def history_bytes(self) -> int:
        """What Dagster has written."""
        files = (self.home / "dagster").rglob("*")
        return sum(file.stat().st_size for file in files if file.is_file())

    def children(self, deep: bool = False) -> dict[int, str]:
        """Processes that it started, with their command lines; deep: also all their descendants."""
        found: dict[int, str] = {}
        parents = [self.process.pid]
        while parents:
            of = parents.pop()
            with suppress(OSError):
                for task in Path(f"/proc/{of}/task").iterdir():
                    for pid in map(int, (task / "children").read_text().split()):
                        with suppress(OSError):
                            line = Path(f"/proc/{pid}/cmdline").read_bytes()
                            found[pid] = line.replace(b"\0", b" ").decode(errors="replace")
                            parents += [pid] if deep else []
        return found

    def end(self) -> int:
        """SIGTERM; its exit code."""
        self.process.terminate()
        return self.process.wait(60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def up(
    home: Path, log: Path, settings: Mapping[str, str] = SETTINGS, *, api: bool = False
) -> Iterator[Up]:
    """``ltv up`` on a home, answering; ended in any case."""
    running = Up(home, log, settings, api=api)
    try:
        wait_until(running.answers, 120, "the web server answers")
        yield running
    finally:
        if running.process.poll() is None:
            running.process.terminate()
            try:
                running.process.wait(60)
            except subprocess.TimeoutExpired:
                running.process.kill()
                running.process.wait()


def wait_until(holds: Callable[[], bool], seconds: float, what: str) -> float:
    """Seconds until something holds; an error when it does not in time."""
    started = time.monotonic()
    while not holds():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.25)
    return time.monotonic() - started


def killed_at_random(
    folder: Path, seed: int, seconds: float, tell: Callable[[str], None]
) -> tuple[int, str]:
    """Kill services and run workers at random while files arrive, then let it converge.

    Returns:
        Number of kills, and what the comparison with an undisturbed home says.
    """
    random = Random(seed)
    stream = list(files(seed, max(8, int(seconds / 6))))
    home = folder / "disturbed"
    kills = 0
    with up(home, folder / "up.log") as running:
        tell("it answers; files arrive, processes are killed")
        give_up = time.monotonic() + seconds
        waiting = iter(stream)
        while time.monotonic() < give_up:
            if file := next(waiting, None):
                file.drop(home)
            time.sleep(random.uniform(2, 9))
            alive = list(running.children(deep=True))
            if alive:
                with suppress(ProcessLookupError):
                    os.kill(random.choice(alive), signal.SIGKILL)
                    kills += 1
        for file in waiting:
            file.drop(home)
        tell(f"{kills} kills; waiting until nothing waits in landing and nothing is stale")
        wait_until(lambda: is_up_to_date(home), 900, "it converges")
    undisturbed = folder / "undisturbed"
    for file in stream:
        file.drop(undisturbed)
    from ltv_platform_tests.testing.forked import ForkedLtv

    answer = ForkedLtv(undisturbed, SETTINGS)("run")
    assert answer.code == 0, answer
    seen = difference(contents(home, ordered=False), contents(undisturbed, ordered=False))
    return kills, seen


def is_up_to_date(home: Path, **settings: str) -> bool:
    """Whether nothing waits in landing and nothing is stale, under further settings."""
    from ltv_platform.errors import UserError
    from ltv_platform.refresh.stale import what_is_stale

    if any(path.is_file() for path in (home / "landing").rglob("*")):
        return False
    seen = home_at(home, **settings)
    try:
        return not what_is_stale(seen.engine, seen.graph)
    except UserError:  # a run holds the warehouse
        return False
