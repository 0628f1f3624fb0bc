"""Partition bars right after a refresh, a backfill and a failed run, all started in the UI."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from ltv_platform_tests.browser.server import LOCK_TIMEOUT, Server

if TYPE_CHECKING:
    from ltv_platform_tests.browser.screen import Screen

pytestmark = pytest.mark.browser

#: Seconds until a backfill is over: Dagster looks for new ones every thirty.
_PATIENCE = 180
_PARTITIONS = "/assets/core/transactions?view=partitions"
_HEADER = "transaction_id,customer_id,transaction_date,amount,is_refund"


def wait_for(holds: Callable[[], Any], what: str, seconds: float = _PATIENCE) -> Any:
    """Wait until the server says so."""
    give_up = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < give_up, f"{what} did not come within {seconds} s"
        time.sleep(1)
    return found


def _counts(screen: "Screen", **counts: int) -> None:
    """What the bar's legend says."""
    expected = {"Failed": 0, "Materialized": 0, "Materializing": 0, "Missing": 0, **counts}
    screen.open(_PARTITIONS, *(f"{name} ({number})" for name, number in expected.items()))


def _launch(screen: "Screen", server: Server, days: str) -> dict[str, Any]:
    """Materialize days of core.transactions from the dialog; return the finished run."""
    wait_for(server.is_idle, "the end of other runs")
    known = {run["runId"] for run in server.runs()}
    screen.open("/assets/core/transactions", "Materialize…", "Row count")
    screen.click("//button[contains(., 'Materialize')]")
    screen.wait_for("Launch runs to materialize core / transactions")
    if days == "Failed":
        screen.click("//*[@role='dialog']//button[. = 'Failed']")
    else:
        screen.write("(//*[@role='dialog']//input[@placeholder])[1]", days)
    screen.wait_for("3 partitions", "Backfills all partitions in a single run.")
    screen.picture(f"launch_dialog_{days.strip('[]')[:10]}")
    screen.click("//button[. = 'Launch backfill']")

    def over() -> dict[str, Any] | None:
        for run in server.runs():
            ours = {"path": ["core", "transactions"]} in (run["assetSelection"] or [])
            if run["runId"] not in known and ours and run["endTime"]:
                return run
        return None

    return wait_for(over, "the end of the backfill")


@pytest.fixture
def bars(screen: "Screen", server: Server) -> "Screen":
    """The page of partitions, with nothing in progress."""
    wait_for(server.is_idle, "the end of other runs")
    return screen


def test_a_refresh_announces_the_day_that_it_wrote(bars: "Screen", server: Server) -> None:
    """A file dropped into landing: its day is of the run that loaded it, the others stay."""
    _counts(bars, Materialized=698)
    bars.picture("partitions_after_the_demo")
    known = {run["runId"] for run in server.runs()}
    with duckdb.connect(str(server.home / "warehouse.duckdb"), read_only=True) as connection:
        [(customer, before)] = connection.sql(
            "SELECT MIN(customer_id), COUNT(*) FROM core.transactions "
            "WHERE event_date = DATE '2025-12-10'"
        ).fetchall()
    row = f"late-1,{customer},2025-12-10 10:00:00,9.90,0"
    waiting = server.home / "landing" / "transactions" / "late.csv"
    waiting.with_suffix(".part").write_text(f"{_HEADER}\n{row}\n")
    waiting.with_suffix(".part").rename(waiting)
    run = wait_for(
        lambda: next((r for r in server.runs() if r["runId"] not in known and r["endTime"]), None),
        "the run that loads",
    )
    assert run["status"] == "SUCCESS"
    assert {"key": "ltv/refresh", "value": "stale"} in run["tags"]
    _counts(bars, Materialized=698)
    text = bars.open(f"{_PARTITIONS}&partition=2025-12-10", run["runId"][:8])
    bars.picture("partitions_after_a_refresh")
    figures = text.split()
    written = figures[figures.index("dagster/partition_row_count") + 1]
    assert int(written) == before + 1
    text = bars.open(f"{_PARTITIONS}&partition=2025-12-09", "dagster/partition_row_count")
    assert run["runId"][:8] not in text


def test_a_range_is_materialized_from_the_dialog(bars: "Screen", server: Server) -> None:
    """A range of days is one run; its log has a line per table, its partitions are its own."""
    run = _launch(bars, server, "[2026-10-07...2026-10-09]")
    assert run["status"] == "SUCCESS"
    bars.open(f"/runs/{run['runId']}", "Success", "RUN_SUCCESS")
    bars.picture("run_of_a_backfill")
    bars.write("//input[@placeholder='Filter…']", "core.transactions:")
    text = bars.wait_for("core.transactions: 3 days, ")
    assert "did not yield" not in text
    _counts(bars, Materialized=698)
    bars.open(f"{_PARTITIONS}&partition=2026-10-08", run["runId"][:8])
    bars.picture("partitions_after_a_backfill")
    # Regression: the refresh behind it announced all of them once more, as its own.
    wait_for(server.is_idle, "the end of other runs")
    bars.open(f"{_PARTITIONS}&partition=2026-10-08", run["runId"][:8])


def test_a_run_that_failed_is_seen_and_fixed(bars: "Screen", server: Server) -> None:
    """Days that a run could not write are red, the error says why, and Failed selects them."""
    wait_for(server.is_idle, "the end of other runs")
    with duckdb.connect(str(server.home / "warehouse.duckdb")):
        run = _launch(bars, server, "[2026-09-18...2026-09-20]")
    assert run["status"] == "FAILURE"
    _counts(bars, Failed=3, Materialized=695)
    bars.picture("partitions_after_a_failed_run")
    bars.open(f"/runs/{run['runId']}", "RUN_FAILURE", "is held by", f"(waited {LOCK_TIMEOUT} s)")
    bars.picture("run_that_failed")
    run = _launch(bars, server, "Failed")
    assert run["status"] == "SUCCESS"
    _counts(bars, Materialized=698)
    bars.picture("partitions_after_the_fix")
