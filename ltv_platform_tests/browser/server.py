"""`ltv up` on its own home with the sample, and what it answers besides the pages."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ltv_platform_tests.testing.graphql import ask

#: The last day of the sample: 698 partitions from 2025-01-01 on, 460 of them with data.
NOW = "2026-11-29T23:59:00Z"
#: Seconds that a run waits for another process that holds the warehouse.
LOCK_TIMEOUT = 5
_TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """Web server, daemon and code server.

    Args:
        home: LTV_HOME, filled.
        log: Where it writes what it says.
        variables: Of its environment, beside those of every command.
    """

    def __init__(self, home: Path, log: Path, **variables: str) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                command("up", "--port", str(port)),
                env=environment(home, **variables),
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        give_up = time.monotonic() + 120
        while time.monotonic() < give_up and self._process.poll() is None:
            try:
                nodes = self.ask("{ assetNodes { id } }")["assetNodes"]
            except OSError:
                nodes = []
            if nodes:
                return
            time.sleep(0.5)
        raise AssertionError(f"`ltv up` does not answer:\n{self.said}")

    @property
    def said(self) -> str:
        """What it wrote to its terminal."""
        return self._log.read_text()

    def end(self) -> int:
        """End it as an operator does; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    def ask(self, query: str, **variables: Any) -> Any:
        """What the UI's own API answers."""
        return ask(self.address, query, variables)

    def runs(self) -> list[dict[str, Any]]:
        """All runs, newest first."""
        query = """{ runsOrError(limit: 100) { ... on Runs { results {
            runId status startTime endTime assetSelection { path } tags { key value }
        } } } }"""
        results: list[dict[str, Any]] = self.ask(query)["runsOrError"]["results"]
        return results

    def is_idle(self) -> bool:
        """Whether no run waits or is under way."""
        over = {"SUCCESS", "FAILURE", "CANCELED"}
        return all(run["status"] in over for run in self.runs())

    def seconds_of_runs(self) -> float:
        """CPU seconds of all run workers that have ended so far."""
        return sum(_of_children(process) for process in _descendants(self._process.pid))

    def cpu_seconds(self) -> float:
        """CPU seconds of all of its processes that live."""
        return sum(map(_of_itself, _descendants(self._process.pid)))

    def bytes_of_history(self) -> int:
        """What Dagster has written."""
        files = (self.home / "dagster").rglob("*")
        return sum(file.stat().st_size for file in files if file.is_file())


def command(*arguments: str) -> list[str]:
    """An `ltv` command."""
    return [sys.executable, "-m", "ltv_platform.cli", *arguments]


def environment(home: Path, **variables: str) -> dict[str, str]:
    """The environment of the commands: nothing from this machine."""
    ours = ("LTV_", "IHC_", "DAGSTER_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {
        **kept,
        "LTV_HOME": str(home),
        "LTV_NOW": NOW,
        "LTV_LOCK_TIMEOUT": str(LOCK_TIMEOUT),
        "LTV_FRESHNESS_HOURS": "none",
        **variables,
    }


def _stat(process: int) -> tuple[int, float]:
    """Parent, and CPU seconds of those children that ended and were waited for."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), (int(fields[13]) + int(fields[14])) / _TICKS


def _of_children(process: int) -> float:
    try:
        return _stat(process)[1]
    except OSError:
        return 0.0


def _of_itself(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _descendants(process: int) -> list[int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = _stat(int(folder.name))[0]
        except OSError:
            continue
    found = [process]
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found
