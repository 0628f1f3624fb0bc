"""The assets that people and services see: the published snapshot and the report."""

from typing import Any

import dagster as dg

from ltv_platform.failpoints import failpoint
from ltv_platform.orchestration.assets import OWNERS, POOL, asset_key
from ltv_platform.reports.campaigns import write_campaign_report
from ltv_platform.transforms import Graph
from ltv_platform.warehouse import snapshot
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine
from ltv_platform.warehouse.engine import Writer


def publish_assets(engine: DuckDBEngine, graph: Graph) -> list[dg.AssetsDefinition]:
    """Snapshot and report; both come after every table and its blocking checks."""

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

    @dg.asset(
        key=asset_key(snapshot.REPORT),
        deps=[asset_key(snapshot.ASSET)],
        group_name="publish",
        description="One self-contained HTML page. Which campaigns earn their money back?",
        kinds={"html"},
        owners=OWNERS,
        pool=POOL,
    )
    def ltv_report() -> dg.MaterializeResult[Any]:
        # The one that it is made of, or an older one: a later run then makes it again.
        published = snapshot.current_snapshot(engine.settings)
        path = write_campaign_report(engine.settings)
        state = engine.state()
        name = "" if published is None else published.path.name
        engine.record(Writer(snapshot.REPORT, name, state.as_of), state.newest)
        return dg.MaterializeResult(metadata={"report": dg.MetadataValue.path(str(path))})

    return [published_snapshot, ltv_report]
