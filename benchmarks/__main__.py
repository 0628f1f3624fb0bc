"""Ingest, build, refresh and publish a sample, beside one hand-written DuckDB statement.

Medians of a few repetitions; results are compared before a time is printed. Dagster's own cost
is left out: this measures the warehouse.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

import duckdb
from rich.console import Console
from rich.table import Table

from ltv_platform.build import build_table
from ltv_platform.ingestion.load import Request, ingest
from ltv_platform.ingestion.start_date import read_start
from ltv_platform.sample import generate
from ltv_platform.settings import Settings
from ltv_platform.warehouse import planner, snapshot
from ltv_platform.workspace import Workspace

_REPETITIONS = 5

Result = TypeVar("Result")

#: What an analyst would write by hand for D7 revenue and installs per cohort.
_BY_HAND = """
CREATE OR REPLACE TABLE by_hand AS
SELECT c.install_date, c.campaign_id, c.country, COUNT(DISTINCT c.customer_id) AS installs,
  CAST(COALESCE(SUM(CASE WHEN t.is_refund THEN -t.amount ELSE t.amount END), 0)
    AS DECIMAL(18,6)) AS revenue_d7
FROM core.customers AS c
LEFT JOIN core.transactions AS t
  ON t.customer_id = c.customer_id AND t.event_ts >= c.install_ts
  AND t.event_ts < c.install_ts + INTERVAL '7 days'
GROUP BY ALL
"""


def main(customers: int) -> None:
    """Print a table of times and ratios."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Settings(home=Path(folder) / "home", as_of=date(2025, 12, 31)))
        files = Path(folder) / "files"
        generate(customers=customers, days=365, seed=1, out=files)
        rows = [*_ingest(workspace, files), *_build(workspace), *_publish(workspace)]
    table = Table("step", "seconds", "rate or ratio", title=f"{customers:,} customers, 365 days")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _ingest(workspace: Workspace, files: Path) -> list[tuple[str, str, str]]:
    requests = [Request(name, files / f"{name}.csv") for name in workspace.engine.catalog.sources]
    seconds, outcomes = _timed(lambda: ingest(workspace.engine, requests))
    read = sum(outcome.counts.rows_in_file for outcome in outcomes if outcome.counts)
    return [("ingest, validated, nine tables", f"{seconds:.2f}", f"{read / seconds:,.0f} rows/s")]


def _build(workspace: Workspace) -> list[tuple[str, str, str]]:
    engine, graph = workspace.engine, workspace.graph
    stale = planner.plan(
        graph, engine.state(), read_start(workspace.settings), workspace.settings.today()
    )
    rows = []
    total = 0.0
    for transform in graph.transforms:
        days = stale.days.get(transform.name)
        seconds, _ = _timed(lambda t=transform, d=days: build_table(engine, t, d))  # type: ignore[misc]
        total += seconds
        rows.append((transform.name, f"{seconds:.2f}", ""))
    by_hand = statistics.median(_by_hand(workspace) for _ in range(_REPETITIONS))
    ltv = graph["marts.campaign_ltv"]
    ours = statistics.median(
        _timed(lambda: build_table(engine, ltv, stale.days[ltv.name]))[0]
        for _ in range(_REPETITIONS)
    )
    ratio = f"{ours / by_hand:.2f} x by hand"
    horizons = len(workspace.settings.horizons)
    return [
        *rows,
        ("all tables", f"{total:.2f}", ""),
        ("one horizon by hand", f"{by_hand:.3f}", "1.00"),
        (f"campaign_ltv, {horizons} horizons, payers, retention", f"{ours:.3f}", ratio),
    ]


def _by_hand(workspace: Workspace) -> float:
    with duckdb.connect(str(workspace.settings.warehouse_path)) as connection:
        seconds, _ = _timed(lambda: connection.execute(_BY_HAND))
        differing = connection.execute(
            "SELECT COUNT(*) FROM by_hand FULL JOIN marts.campaign_ltv AS ours "
            "USING (install_date, campaign_id, country) "
            "WHERE by_hand.installs IS DISTINCT FROM ours.installs "
            "OR by_hand.revenue_d7 IS DISTINCT FROM ours.revenue_d7"
        ).fetchone()
        connection.execute("DROP TABLE by_hand")
    if differing != (0,):
        sys.exit(f"the results differ in {differing} cohorts; no time is printed")
    return seconds


def _publish(workspace: Workspace) -> list[tuple[str, str, str]]:
    first, _ = _timed(lambda: snapshot.publish(workspace.engine, workspace.graph))
    again, _ = _timed(lambda: snapshot.publish(workspace.engine, workspace.graph))
    return [
        ("publish", f"{first:.2f}", "1.00"),
        ("publish, nothing changed", f"{again:.2f}", f"{again / first:.2f} x the first"),
    ]


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
