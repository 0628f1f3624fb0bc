"""Killed between any two commits: the next run ends as if nothing had happened."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from ltv_platform.ingestion.rows.start_date import read_start
from ltv_platform_tests.chaos.stream import File
from ltv_platform_tests.proofs.cases import Cases
from ltv_platform_tests.proofs.faults.prepared import (
    built_home,
    compared,
    fresh_home,
    load_again,
    loads,
    ltv,
    published_home,
    run_again,
    shown,
    undisturbed_home,
    waiting_home,
)
from ltv_platform_tests.testing.comparison import contents, home_at

CASES = Cases("faults: killed between commits")

#: The failpoints that a case below kills at; with others', all that the code has: a test shows it.
COVERED: list[str] = []

_AFTERWARDS = "then as undisturbed, nothing left over"


def _killed_at(
    failpoint: str, command: str, prepare: Callable[[Path], Path], expected: str
) -> None:
    """A case: ``ltv <command>`` killed at a failpoint, the state after it, and ``ltv run``."""
    COVERED.append(failpoint)

    @CASES.case(f"kill −9 of `ltv {command}`: {failpoint}", f"{expected}; {_AFTERWARDS}")
    def killed_at_a_failpoint(folder: Path) -> str:
        home = prepare(folder)
        before = shown(home)
        answer = ltv(home)(command, failpoint=failpoint)
        if answer.code != -signal.SIGKILL:
            return f"not killed: {answer}"
        now = shown(home)
        snapshot = "no" if now is None else "old" if now == before else "new"
        again = load_again if command == "ingest" else run_again
        return f"{loads(home)} of 15 files in, {snapshot} snapshot; then {again(home)}"


_killed_at("start settled", "ingest", fresh_home, "0 of 15 files in, no snapshot")
for _point, _seen in (
    ("private copies taken", "12 of 15 files in, old snapshot"),
    ("files staged", "12 of 15 files in, old snapshot"),
    ("load appended, not committed", "12 of 15 files in, old snapshot"),
    ("load committed", "13 of 15 files in, old snapshot"),
    ("file moved away", "15 of 15 files in, old snapshot"),
):
    _killed_at(_point, "ingest", waiting_home, _seen)
for _point in (
    "old rows deleted, new ones not inserted",
    "table committed",
    "table written, not checked",
):
    _killed_at(_point, "run", waiting_home, "15 of 15 files in, old snapshot")
for _point, _seen in (
    ("snapshot drafted", "old"),
    ("snapshot in place, pointer not switched", "old"),
    ("pointer drafted", "old"),
    ("pointer switched, not recorded", "new"),
    ("recorded, latest.duckdb as before", "new"),
    ("published, not pruned", "new"),
    ("published, no report yet", "new"),
    ("report drafted", "new"),
    ("channel_reporting.csv drafted", "new"),
):
    _killed_at(_point, "run", built_home, f"15 of 15 files in, {_seen} snapshot")


COVERED.append("start moved")


@CASES.case(
    "kill −9 of `ltv ingest`: start moved",
    "start 2025-01-01 instead of 2026-01-01, 12 of 15 files in; then as undisturbed, "
    "nothing left over",
)
def ingest_killed_when_the_start_moved(folder: Path) -> str:
    home = published_home(folder)
    before = read_start(home_at(home).settings)
    rows = [f"old{number},c1,2025-12-{1 + number % 28:02d},10:00:00,1" for number in range(1_000)]
    text = "\n".join(["conv_id,user_id,conv_date,conv_time,revenue", *rows])
    File("conversions", "old.csv", text).drop(home)
    other = shutil.copytree(home, folder / "undisturbed")
    answer = ltv(home)("ingest", failpoint="start moved")
    if answer.code != -signal.SIGKILL:
        return f"not killed: {answer}"
    after = read_start(home_at(home).settings)
    seen = f"start {after} instead of {before}, {loads(home)} of 15 files in"
    for each in (home, other):
        ltv(each)("ingest")
        home_at(each).publish()  # a year of partitions, which Dagster would announce one by one
    return f"{seen}; then {compared(home, contents(other, ordered=True))}"


COVERED.append("export drafted")


@CASES.case(
    "kill −9 of `ltv export --sqlite`: export drafted",
    "the old file as it was; then as undisturbed",
)
def export_killed_when_it_was_drafted(folder: Path) -> str:
    home = undisturbed_home(folder)
    old, undisturbed = folder / "old.db", folder / "undisturbed.db"
    for path in (old, undisturbed):
        ltv(home)("export", "--sqlite", path)
    before = old.read_bytes()
    answer = ltv(home)("export", "--sqlite", old, failpoint="export drafted")
    if answer.code != -signal.SIGKILL:
        return f"not killed: {answer}"
    seen = "as it was" if old.read_bytes() == before else "changed"
    again = ltv(home)("export", "--sqlite", old)
    same = again.code == 0 and old.read_bytes() == undisturbed.read_bytes()
    return f"the old file {seen}; then {'as undisturbed' if same else 'otherwise'}"
