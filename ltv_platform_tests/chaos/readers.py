"""Readers of the published snapshot during a backfill and a load."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from ltv_platform_tests.chaos.services import Up, is_up_to_date, up, wait_until
from ltv_platform_tests.chaos.stream import File
from ltv_platform_tests.testing.command_line import CommandLine
from ltv_platform_tests.testing.comparison import SETTINGS
from ltv_platform_tests.testing.forked import SAMPLE_NOW, Answer
from ltv_platform_tests.testing.graphql import LAUNCH, STATUS
from ltv_platform_tests.testing.home import HEADERS

READERS = 4
#: Thirty partitions of the sample's first weeks.
FIRST, LAST = "2025-09-01", "2025-09-30"
_PATIENCE = 900.0
_PAUSE = 0.2
#: Two tables that are written by two steps: they must be of one state whenever they are read.
_QUERY = (
    "SELECT (SELECT SUM(net_revenue) FROM revenue_reconciliation) AS net, "
    "(SELECT SUM(transactions) FROM revenue_reconciliation) AS transactions, "
    "(SELECT SUM(installs) FROM campaign_ltv) AS installs"
)
#: A day of the sample that is not backfilled, and a customer of it.
_LATE = "late,c00000010,2025-12-10 10:00:00,100,0"


@dataclass(frozen=True)
class Read:
    """What the readers saw.

    Attributes:
        answers: Of each reader, in order.
        runs: The status of each run.
        failed_ticks: What sensors said when a look of theirs failed.
        said: What ``ltv up`` said.
        during: Answers that came while the run of the backfill was under way.
        seconds: From the launch to the end.
        status: Of the backfill; and how many runs it was.
    """

    answers: Sequence[Sequence[Answer]]
    runs: list[str]
    failed_ticks: list[str]
    said: str
    during: int
    seconds: float
    status: tuple[str, int]

    @property
    def refused(self) -> list[Answer]:
        """Answers that were errors, or contained anything besides the figures."""
        return [a for answers in self.answers for a in answers if a.code != 0 or a.err]

    @property
    def figures(self) -> list[list[str]]:
        """What each reader saw, repetitions left out."""
        seen: list[list[str]] = []
        for answers in self.answers:
            lines = [answer.out.splitlines()[-1] for answer in answers if answer.out]
            seen.append([x for i, x in enumerate(lines) if i == 0 or x != lines[i - 1]])
        return seen


def read_while_backfilled(folder: Path, tell: Callable[[str], None]) -> Read:
    """Backfill thirty days of all partitioned tables, and load a file, while people read."""
    home = folder / "home"
    # Locks wait as long as they are shipped to.
    settings = {name: value for name, value in SETTINGS.items() if name != "lock_timeout"}
    settings["now"] = SAMPLE_NOW
    ltv = CommandLine(home, settings)
    demo = ltv("demo")
    assert demo.code == 0, demo
    stop = Event()

    def read() -> list[tuple[float, Answer]]:
        answers = []
        while not stop.is_set():
            answer = ltv("query", _QUERY, "--format", "csv")
            answers.append((time.time(), answer))
            time.sleep(_PAUSE)
        return answers

    with up(home, folder / "up.log", settings) as running, ThreadPoolExecutor(READERS) as pool:
        wait_until(running.is_idle, _PATIENCE, "the end of other runs")
        readers = [pool.submit(read) for _ in range(READERS)]
        try:
            started = time.monotonic()
            backfill = _launch(running)
            File("transactions", "late.csv", f"{HEADERS['transactions']}\n{_LATE}\n").drop(home)
            tell(f"{READERS} readers; the backfill is launched, a file waits in landing")
            wait_until(lambda: _is_over(running, backfill), _PATIENCE, "the end of the backfill")
            tell("the backfill is over; waiting until nothing is left to do")
            wait_until(
                lambda: running.is_idle() and is_up_to_date(home, now=SAMPLE_NOW),
                _PATIENCE,
                "it comes to rest",
            )
            seconds = time.monotonic() - started
            time.sleep(2)  # so that every reader sees the end
        finally:
            stop.set()
        timed = [reader.result() for reader in readers]
        status = running.ask(STATUS, backfill=backfill)["partitionBackfillOrError"]
        runs, failed_ticks = running.runs(), running.failed_ticks()
        assert running.end() == 0
    [run] = status["runs"]
    during = sum(
        run["startTime"] <= moment <= run["endTime"] for answers in timed for moment, _ in answers
    )
    answers = [[answer for _, answer in of_one] for of_one in timed]
    said = (status["status"], len(status["runs"]))
    return Read(answers, runs, failed_ticks, running.said, during, seconds, said)


def _launch(running: Up) -> str:
    """Ask for the days of all partitioned tables; the backfill's id."""
    nodes = running.ask("{ assetNodes { assetKey { path } isPartitioned partitionKeys } }")
    tables = [node for node in nodes["assetNodes"] if node["isPartitioned"]]
    days = [day for day in tables[0]["partitionKeys"] if FIRST <= day <= LAST]
    assert len(days) == 30
    wanted = {"assetSelection": [t["assetKey"] for t in tables], "partitionNames": days}
    launched = running.ask(LAUNCH, backfill=wanted)["launchPartitionBackfill"]
    return str(launched["backfillId"])


def _is_over(running: Up, backfill: str) -> bool:
    status = running.ask(STATUS, backfill=backfill)["partitionBackfillOrError"]["status"]
    return status not in ("REQUESTED", "CANCELING")
