"""The assets that people and services see: the published snapshot and the files made of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg

from ltv_platform.export.channel_csv import write_channel_csv
from ltv_platform.failpoints import failpoint
from ltv_platform.orchestration.assets import OWNERS, POOL, asset_key
from ltv_platform.reports.campaigns import write_campaign_report
from ltv_platform.reports.channels import write_channel_report
from ltv_platform.reports.customers import write_customer_report
from ltv_platform.settings import Settings
from ltv_platform.transforms import Graph
from ltv_platform.warehouse import snapshot
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine
from ltv_platform.warehouse.engine import Writer
from ltv_platform.warehouse.published import current_snapshot


def publish_assets(engine: DuckDBEngine, graph: Graph) -> list[dg.AssetsDefinition]:
    """The snapshot after every table and its blocking checks, and the files made of it."""

    @dg.asset(
        key=asset_key(snapshot.ASSET),
        deps=[asset_key(transform.name) for transform in graph.transforms],
        group_name="publish",
        description=(
            "Parquet and manifest of every table, switched atomically. "
            "What do the API, the command line and BI tools read?"
        ),
        kinds={"parquet"},
        owners=OWNERS,
        pool=POOL,
    )
    def published_snapshot() -> dg.MaterializeResult[Any]:
        published = snapshot.publish(engine, graph)
        failpoint("published, no report yet")
        tables = published.manifest["tables"]
        return dg.MaterializeResult(
            metadata={
                "snapshot": str(published.manifest["id"]),
                "path": dg.MetadataValue.path(str(published.path)),
                "as_of": str(published.manifest["as_of"]),
                "rows": dg.MetadataValue.json({name: t["rows"] for name, t in tables.items()}),
            }
        )

    return [
        published_snapshot,
        _file_of_snapshot(
            engine,
            snapshot.REPORT,
            "One self-contained HTML page. Which campaigns earn their money back?",
            "html",
            write_campaign_report,
        ),
        _file_of_snapshot(
            engine,
            snapshot.CHANNEL_REPORT,
            "One self-contained HTML page. Which channels earn their cost, by which model?",
            "html",
            write_channel_report,
        ),
        _file_of_snapshot(
            engine,
            snapshot.CUSTOMER_REPORT,
            "One self-contained HTML page. What are customers worth, and what will they bring in?",
            "html",
            write_customer_report,
        ),
        _file_of_snapshot(
            engine,
            snapshot.CHANNEL_CSV,
            "channel_reporting as CSV. What did each channel cost and earn on each day?",
            "csv",
            write_channel_csv,
        ),
    ]


def _file_of_snapshot(
    engine: DuckDBEngine, name: str, description: str, kind: str, write: Callable[[Settings], Path]
) -> dg.AssetsDefinition:
    """A file made of the snapshot; it is stale until it has been made of the current one."""

    @dg.asset(
        key=asset_key(name),
        deps=[asset_key(snapshot.ASSET)],
        group_name="publish",
        description=description,
        kinds={kind},
        owners=OWNERS,
        pool=POOL,
    )
    def file_of_snapshot() -> dg.MaterializeResult[Any]:
        # The one that it is made of, or an older one: a later run then makes it again.
        published = current_snapshot(engine.settings)
        path = write(engine.settings)
        state = engine.state()
        made_of = "" if published is None else published.path.name
        engine.record(Writer(name, made_of, state.as_of), state.newest)
        return dg.MaterializeResult(metadata={"file": dg.MetadataValue.path(str(path))})

    return file_of_snapshot
