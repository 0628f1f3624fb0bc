"""A whole LTV_HOME for tests: CSV text goes in, published figures come out.

What tests of figures, checks, snapshots, runs and erasure stand on.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ltv_platform.assets import build_graph, derivations
from ltv_platform.ingestion.load import Outcome, Request, ingest
from ltv_platform.ingestion.rows.start_date import cover_log
from ltv_platform.published import snapshot
from ltv_platform.published.current import Snapshot, current_snapshot
from ltv_platform.published.query import connect_to_snapshot
from ltv_platform.refresh.build import build_table
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Graph
from ltv_platform.warehouse import planner
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine
from ltv_platform_tests.testing import NOW

#: The groups that make the tables of campaigns, and those of attribution.
CAMPAIGNS = ("core", "campaigns")
ATTRIBUTION = ("core", "attribution")

#: Headers of the CSV texts that tests give without one.
HEADERS = {
    "customers": "customer_id,registration_date,country,acquisition_source,campaign_id",
    "transactions": "transaction_id,customer_id,transaction_date,amount,is_refund",
    "customer_interactions": "interaction_id,customer_id,interaction_date,interaction_type",
    "session_sources": "session_id,user_id,channel_name,event_date,event_time,"
    "holder_engagement,closer_engagement",
    "session_costs": "session_id,cost",
    "conversions": "conv_id,user_id,conv_date,conv_time,revenue",
    "campaign_costs": "campaign_id,date,country,cost",
    "campaigns": "campaign_id,campaign_name",
    "fx_rates": "date,currency,rate",
}


class Home:
    """One LTV_HOME.

    Args:
        folder: Where it lies; made if need be.
        groups: Build and publish the tables of these groups only, for figures of theirs: each
            table takes its time however few its rows. Empty: all.
        settings: Further settings; horizons are few by default, so that statements are short.
    """

    def __init__(self, folder: Path, *, groups: Collection[str] = (), **settings: Any) -> None:
        # A second thread has nothing to do in tables this small, and takes time to start.
        settings = {"horizons": (1, 3, 7, 30), "now": NOW, "threads": 1, **settings}
        with pytest.MonkeyPatch.context() as patch:  # nothing of the machine's settings
            for name in [name for name in os.environ if name.startswith(("LTV_", "IHC_"))]:
                patch.delenv(name)
            self.settings = Settings(home=folder, **settings)
        self.groups = groups
        self.graph = build_graph(self.settings)
        if groups:
            some = tuple(d for d in derivations(self.settings) if d.group in groups)
            self.graph = Graph(some, self.graph.catalog, self.settings)
        self.engine = DuckDBEngine(self.settings, self.graph.catalog)
        self._reader: tuple[Path, duckdb.DuckDBPyConnection] | None = None

    def under(self, **settings: Any) -> Home:
        """The same folder under other settings, as another process would see it."""
        mine = self.settings.model_dump(exclude={"home"}, exclude_unset=True)
        return Home(self.settings.home, groups=self.groups, **{**mine, **settings})

    def load(self, table: str, *rows: str, header: str | None = None) -> Outcome:
        """Ingest a CSV file of the rows; the header is the usual one of the table."""
        folder = self.settings.home / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{table}_{len(list(folder.iterdir()))}.csv"
        path.write_text("\n".join([header or HEADERS[table], *rows]) + "\n", "utf-8")
        [outcome] = ingest(self.engine, [Request(table, path)])
        assert outcome.error is None, outcome.error
        return outcome

    def load_files(self, folder: Path) -> dict[str, Outcome]:
        """Ingest a folder with a CSV file per table, in one call."""
        requests = [Request(table, folder / f"{table}.csv") for table in self.graph.catalog.sources]
        outcomes = ingest(self.engine, requests)
        return dict(zip(self.graph.catalog.sources, outcomes, strict=True))

    def plan(self) -> planner.Plan:
        """What is stale now."""
        start = cover_log(self.engine)
        return planner.plan(self.graph, self.engine.state(), start, self.settings.today())

    def refresh(self) -> planner.Plan:
        """Rewrite what is stale; afterwards nothing is."""
        with self.engine.hold():
            plan, as_of = self.plan(), self.engine.as_of()
            for transform in self.graph.transforms:
                if transform.name in plan.assets:
                    build_table(self.engine, transform, plan.days.get(transform.name), as_of)
            assert self.plan().assets == (), "one refresh is enough"
        return plan

    def publish(self) -> Snapshot:
        """Refresh and publish."""
        with self.engine.hold():
            self.refresh()
            return snapshot.publish(self.engine, self.graph)

    def _query(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        current = current_snapshot(self.settings)
        assert current is not None
        if self._reader is None or self._reader[0] != current.path:
            self._reader = (current.path, connect_to_snapshot(self.settings, current))
        cursor = self._reader[1].execute(sql)
        return [name for name, *_ in cursor.description], cursor.fetchall()

    def published(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a query on the published snapshot, by column."""
        columns, rows = self._query(sql)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def one(self, sql: str) -> dict[str, Any]:
        """The only row of a query on the published snapshot."""
        [row] = self.published(sql)
        return row

    def values(self, sql: str) -> list[Any]:
        """Rows of a query on the published snapshot; bare values where it has one column."""
        columns, rows = self._query(sql)
        return [row[0] for row in rows] if len(columns) == 1 else rows

    def tables(self) -> Mapping[str, list[tuple[Any, ...]]]:
        """All rows of every derived table of the warehouse, in a fixed order."""
        return {
            table.full_name: self.engine.rows(f"SELECT * FROM {table.full_name} ORDER BY ALL")
            for table in self.graph.catalog.derived
        }
