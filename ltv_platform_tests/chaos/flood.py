"""Very many small files at once: each loaded once, in few runs, with the figures of one load."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from ltv_platform_tests.chaos.services import is_up_to_date, up, wait_until
from ltv_platform_tests.chaos.stream import DAYS, File
from ltv_platform_tests.testing.comparison import SETTINGS, contents, difference, home_at
from ltv_platform_tests.testing.home import HEADERS

#: Seconds until the figures are out, whatever else the machine does.
_PATIENCE = 3_600.0
#: Of so many files, one has customers and the others transactions.
_CUSTOMERS_EVERY = 10
_ROWS = 3


@dataclass(frozen=True)
class Flood:
    """What became of the files.

    Attributes:
        runs: The status of each run.
        loads: Loads of landing, and the rows that they accepted.
        rows: Rows in the files.
        seconds: From the last rename to the figures.
        cpu: CPU seconds of ``ltv up`` and all of its processes, from its start to its end.
        history: Bytes that Dagster wrote.
        failed_ticks: What sensors said when a look of theirs failed.
        outcome: ``as undisturbed``, or what differs from a single load of all rows.
    """

    runs: list[str]
    loads: tuple[int, int]
    rows: int
    seconds: float
    cpu: float
    history: int
    failed_ticks: list[str]
    outcome: str


def flooded(folder: Path, seed: int, count: int, tell: Callable[[str], None]) -> Flood:
    """Drop a number of files into the landing of a running ``ltv up``, all at once."""
    home, single = folder / "flooded", folder / "single"
    stream = _files(seed, count)
    rows = sum(file.text.count("\n") - 1 for file in stream)
    cpu = _cpu_of_ended()
    with up(home, folder / "up.log") as running:
        tell(f"it answers; {count} files with {rows} rows are dropped")
        for file in stream:
            file.drop(home)
        dropped = time.monotonic()
        transactions = _ROWS * sum(file.table == "transactions" for file in stream)
        seen = home_at(home)

        def are_published() -> bool:
            if not (home / "published" / "current").exists():
                return False
            shown = seen.values("SELECT SUM(transactions) FROM revenue_reconciliation")
            return bool(shown == [transactions])

        wait_until(are_published, _PATIENCE, "all rows are published")
        seconds = time.monotonic() - dropped
        tell(f"published after {seconds:.0f} s; waiting until nothing is left to do")
        wait_until(lambda: running.is_idle() and is_up_to_date(home), _PATIENCE, "it comes to rest")
        runs, failed_ticks = running.runs(), running.failed_ticks()
        assert running.end() == 0
        history, cpu = running.history_bytes(), _cpu_of_ended() - cpu

    tell("loading the same rows from one file a table")
    for table in ("customers", "transactions"):
        lines = [line for f in stream if f.table == table for line in f.text.splitlines()[1:]]
        File(table, "all.csv", "\n".join([HEADERS[table], *lines]) + "\n").drop(single)
    from ltv_platform_tests.testing.forked import ForkedLtv

    answer = ForkedLtv(single, SETTINGS)("run")
    assert answer.code == 0, answer
    one, other = (contents(of, ordered=False) for of in (home, single))
    [loads] = seen.engine.rows("SELECT COUNT(*), SUM(rows_accepted) FROM raw.loads")
    # How many loads there were is not the same, and the report says it.
    without = {"loads": None, "report": None}
    outcome = difference({**one, **without}, {**other, **without})
    return Flood(runs, loads, rows, seconds, cpu, history, failed_ticks, outcome)


def _cpu_of_ended() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _files(seed: int, count: int) -> list[File]:
    """A number of files of three rows each; every key is in exactly one of them."""
    random = Random(f"flood of {seed}")
    customers = -(-count // _CUSTOMERS_EVERY) * _ROWS
    made = []
    for number in range(count):
        keys = range(number * _ROWS, (number + 1) * _ROWS)
        if number % _CUSTOMERS_EVERY == 0:
            first = number // _CUSTOMERS_EVERY * _ROWS
            table = "customers"
            lines = [
                f"c{first + i},{_moment(random)},{random.choice(('US', 'DE'))},ads,k1"
                for i in range(_ROWS)
            ]
        else:
            table = "transactions"
            lines = [
                f"t{key},c{random.randrange(customers)},{_moment(random)},"
                f"{random.randrange(1, 9_999) / 100},{int(random.random() < 0.1)}"
                for key in keys
            ]
        made.append(File(table, f"{number:04d}.csv", "\n".join([HEADERS[table], *lines]) + "\n"))
    return made


def _moment(random: Random) -> str:
    day, second = random.randrange(1, DAYS + 1), random.randrange(86_400)
    return f"2026-01-{day:02} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
