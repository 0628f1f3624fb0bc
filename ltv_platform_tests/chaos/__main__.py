"""``make chaos``: hundreds of kills, a line per phase and a table at the end.

``--files`` drops files by the thousand instead, ``--events`` kills a server that receives events,
``--readers`` reads while a backfill runs.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ltv_platform_tests.chaos.events import kill_while_receiving
from ltv_platform_tests.chaos.flood import flooded
from ltv_platform_tests.chaos.kills import chaos
from ltv_platform_tests.chaos.readers import read_while_backfilled
from ltv_platform_tests.chaos.services import killed_at_random


def main() -> int:
    """Run it as the arguments say.

    Returns:
        0 when the tables are those of an undisturbed home and no command refused, else 1.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--services", type=float, help="kill processes of `ltv up`, for seconds")
    parser.add_argument("--files", type=int, help="drop so many files at once on `ltv up`")
    parser.add_argument("--events", action="store_true", help="kill a server that gets events")
    parser.add_argument("--readers", action="store_true", help="read while a backfill runs")
    arguments = parser.parse_args()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    started = time.monotonic()

    def tell(phase: str) -> None:
        console.print(f"{time.monotonic() - started:6.1f} s  {phase}")

    if arguments.services is not None:
        with tempfile.TemporaryDirectory(prefix="ltv_chaos_") as folder:
            kills, seen = killed_at_random(Path(folder), arguments.seed, arguments.services, tell)
        console.print(f"Seed {arguments.seed}: {kills} kills. The home is {seen}.")
        return 0 if seen == "as undisturbed" else 1
    if arguments.files is not None:
        return _flood(console, arguments.seed, arguments.files, tell)
    if arguments.events:
        return _events(console, arguments.seed, arguments.kills, tell)
    if arguments.readers:
        return _readers(console, tell)
    with tempfile.TemporaryDirectory(prefix="ltv_chaos_") as folder:
        tally = chaos(Path(folder), arguments.seed, arguments.kills, tell)
    tell("done")
    table = Table("command", "interrupted while", "kills")
    table.columns[2].justify = "right"
    for (command, phase), kills in sorted(tally.kills.items()):
        table.add_row(command, phase, str(kills))
    console.print(table)
    console.print(
        f"Seed {arguments.seed}: {tally.killed} kills, {tally.retried} of them retried at once, "
        f"{tally.survived} commands ended before theirs, {len(tally.refused)} refused. "
        f"The home is {tally.outcome}."
    )
    for answer in tally.refused:
        console.print(f"exit {answer.code}: {answer.err}", markup=False)
    return 1 if tally.refused or tally.outcome != "as undisturbed, nothing left over" else 0


def _flood(console: Console, seed: int, files: int, tell: Callable[[str], None]) -> int:
    with tempfile.TemporaryDirectory(prefix="ltv_chaos_") as folder:
        flood = flooded(Path(folder), seed, files, tell)
    console.print(
        f"{flood.loads[0]} loads of {flood.loads[1]} rows in {len(flood.runs)} runs, published "
        f"after {flood.seconds:.0f} s; `ltv up` took {flood.cpu:.0f} s of CPU in all, its history "
        f"{flood.history / 1e6:.1f} MB. The home is {flood.outcome}."
    )
    for tick in flood.failed_ticks:
        console.print(tick, markup=False)
    loaded_once = flood.loads == (files, flood.rows)
    succeeded = set(flood.runs) == {"SUCCESS"} and not flood.failed_ticks
    return 0 if loaded_once and succeeded and flood.outcome == "as undisturbed" else 1


def _events(console: Console, seed: int, kills: int, tell: Callable[[str], None]) -> int:
    with tempfile.TemporaryDirectory(prefix="ltv_chaos_") as folder:
        tally = kill_while_receiving(Path(folder), seed, kills, tell)
    console.print(
        f"Seed {seed}: {tally.kills} kills, {tally.attempts} requests, {tally.unanswered} of them "
        f"without an answer; {tally.acknowledged} rows acknowledged: {tally.lost} lost, "
        f"{tally.doubled} doubled, {tally.stale} with an older version; "
        f"{len(tally.refused)} refused."
    )
    for answer in tally.refused:
        console.print(answer, markup=False)
    return 0 if tally.kept_the_promise else 1


def _readers(console: Console, tell: Callable[[str], None]) -> int:
    with tempfile.TemporaryDirectory(prefix="ltv_chaos_") as folder:
        read = read_while_backfilled(Path(folder), tell)
    console.print(
        f"{sum(map(len, read.answers))} answers, {read.during} of them during the backfill; "
        f"{len(read.refused)} refused; runs: {', '.join(read.runs)}. {read.seconds:.0f} s."
    )
    for answer in read.refused:
        console.print(f"exit {answer.code}: {answer.err}", markup=False)
    for tick in read.failed_ticks:
        console.print(tick, markup=False)
    succeeded = set(read.runs) == {"SUCCESS"} and not read.failed_ticks
    return 0 if succeeded and not read.refused else 1


if __name__ == "__main__":
    sys.exit(main())
