"""A backfill of everything, launched in the UI, is one run; its cost is printed."""

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ltv_platform_tests.browser.server import Server, environment
from ltv_platform_tests.browser.test_partitions import wait_for
from ltv_platform_tests.testing.graphql import LAUNCH, STATUS

if TYPE_CHECKING:
    from ltv_platform_tests.browser.screen import Screen

pytestmark = pytest.mark.browser

#: The same tables and days, without Dagster: what the backfill is measured by.
_PLAIN = """
import resource
from ltv_platform.assets import GROUPS
from ltv_platform.refresh.build import Work, build_tables
from ltv_platform.days import days_between
from ltv_platform.ingestion.rows.start_date import read_start
from ltv_platform.workspace import Workspace
workspace = Workspace.open()
settings = workspace.settings
days = days_between(read_start(settings), settings.today())
tables = [t for t in workspace.graph.transforms if t.contract.partition is not None]
work = Work({table.name: days for table in tables}, ())
for group in GROUPS:
    of_group = [table for table in tables if table.derivation.group == group]
    for built in build_tables(workspace.engine, of_group, work):
        assert not built.blocked_by
assert not work.left, work.left
used = resource.getrusage(resource.RUSAGE_SELF)
print(len(days), len(tables), used.ru_utime + used.ru_stime)
"""


def test_a_backfill_of_all_tables_and_days_is_one_run(
    screen: "Screen", server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All partitioned tables over 698 days: one run, a word per partition, few CPU seconds."""
    wait_for(server.is_idle, "the end of other runs")
    plain = tmp_path / "plain"
    plain.mkdir()
    for name in ("warehouse.duckdb", "start_date"):
        shutil.copy(server.home / name, plain)
    plain_cpu = min(_plain(plain) for _ in range(2))
    nodes = server.ask("{ assetNodes { assetKey { path } isPartitioned } }")["assetNodes"]
    tables = [node["assetKey"] for node in nodes if node["isPartitioned"]]
    cpu, history = server.seconds_of_runs(), server.bytes_of_history()
    started = time.monotonic()
    answer = server.ask(LAUNCH, backfill={"assetSelection": tables, "allPartitions": True})
    backfill = answer["launchPartitionBackfill"]["backfillId"]

    def over() -> dict[str, object] | None:
        status = server.ask(STATUS, backfill=backfill)["partitionBackfillOrError"]
        return status if status["status"] not in ("REQUESTED", "CANCELING") else None

    done = wait_for(over, "the end of the backfill")
    wall = time.monotonic() - started
    assert done["status"] == "COMPLETED_SUCCESS"
    [run] = done["runs"]
    # The run's process is counted when it was waited for.
    used = wait_for(lambda: _at_least(server.seconds_of_runs() - cpu, 0.5), "the worker's end")
    grown = (server.bytes_of_history() - history) / 1e6
    with capsys.disabled():
        sys.stdout.write(
            f"\nbackfill of {len(tables)} tables × 698 days: {wall:.0f} s, of them "
            f"{run['endTime'] - run['startTime']:.1f} s in the run; {used:.1f} s of CPU, "
            f"{used / plain_cpu:.1f} × the {plain_cpu:.1f} s of a plain loop; "
            f"history +{grown:.0f} MB\n"
        )
    screen.open(f"/runs/b/{backfill}", "100% completed")
    screen.picture("backfill_of_everything")
    for table in ("core/transactions", "marts/campaign_ltv", "marts/attribution"):
        screen.open(f"/assets/{table}?view=partitions&partition=2026-06-01", run["id"][:8])
    # What it took is printed, not asserted: the machine may be busy.
    assert grown < 30


def _at_least(seconds: float, least: float) -> float | None:
    return seconds if seconds >= least else None


def _plain(home: Path) -> float:
    """CPU seconds of the plain loop."""
    said = subprocess.run(
        [sys.executable, "-c", _PLAIN],
        env=environment(home),
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert said[:2] == ["698", "20"]
    return float(said[2])
