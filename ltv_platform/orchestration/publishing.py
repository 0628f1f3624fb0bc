"""The last step of a run: the published snapshot, and the files made from it."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from ltv_platform.export.channel_csv import write_channel_csv
from ltv_platform.failpoints import failpoint
from ltv_platform.orchestration.announcing import materialized, outputs
from ltv_platform.orchestration.assets import OWNERS, POOL, asset_key, table_name
from ltv_platform.orchestration.refreshes import REFRESH_TAG, Refreshes
from ltv_platform.orchestration.resources import TURN
from ltv_platform.orchestration.steps import Results
from ltv_platform.published import snapshot
from ltv_platform.published.current import current_snapshot
from ltv_platform.refresh.build import Work
from ltv_platform.refresh.stale import what_is_stale
from ltv_platform.reports.channels import write_channel_report
from ltv_platform.reports.customers import write_customer_report
from ltv_platform.reports.dashboard import write_reports
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Graph
from ltv_platform.warehouse.engine import Engine, Writer

#: Per file: description, kind, and the function that writes it.
_FILES: Mapping[str, tuple[str, str, Callable[[Settings], Path]]] = {
    snapshot.REPORT: (
        "Self-contained HTML pages. Which campaigns earn their money back, and which to stop?",
        "html",
        write_reports,
    ),
    snapshot.CHANNEL_REPORT: (
        "One self-contained HTML page. Which channels earn their cost, by which model?",
        "html",
        write_channel_report,
    ),
    snapshot.CUSTOMER_REPORT: (
        "One self-contained HTML page. What are customers worth, and do they stay?",
        "html",
        write_customer_report,
    ),
    snapshot.CHANNEL_CSV: (
        "channel_reporting as a CSV file. What did each channel cost and earn on each day?",
        "csv",
        write_channel_csv,
    ),
}


def publish_step(engine: Engine, graph: Graph, refreshes: Refreshes) -> dg.AssetsDefinition:
    """Publishes all tables after their blocking checks, and writes the files made from them."""
    published = asset_key(snapshot.ASSET)

    @dg.multi_asset(
        name="publish",
        specs=[_snapshot_spec(graph), *(_file_spec(name) for name in _FILES)],
        can_subset=True,
        pool=POOL,
        required_resource_keys={TURN},
    )
    def publish(context: dg.AssetExecutionContext) -> Results:
        refreshing = REFRESH_TAG in context.run.tags
        wanted = {table_name(key) for key in context.selected_asset_keys}
        if snapshot.ASSET in wanted or refreshing:
            _refuse_what_is_left(
                refreshes.work(context.run.run_id)
                if refreshing
                else Work.of_plan(what_is_stale(engine, graph).plan)
            )
        with engine.hold():
            if refreshing:
                state = engine.state()
                if not snapshot.is_stale(graph, state, engine.settings):
                    wanted = wanted - {snapshot.ASSET, *_FILES} | {*snapshot.outdated_files(state)}
            if snapshot.ASSET in wanted:
                figures = _publish(engine, graph)
                context.log.info(f"published snapshot {figures['snapshot']}")
                yield from materialized(context, published, figures)
        for name, path in _write_files(engine, wanted).items():
            yield from materialized(
                context, asset_key(name), {"file": dg.MetadataValue.path(str(path))}
            )
        yield from outputs(context, [asset_key(name) for name in (snapshot.ASSET, *_FILES)])

    return publish


def _refuse_what_is_left(work: Work) -> None:
    """Refuse to publish while tables are stale: a check or a step failed."""
    if not work.left:
        return
    why = "; ".join(work.failures) or f"Not up to date: {', '.join(work.left)}. Run `ltv run`"
    raise dg.Failure(f"Nothing was published. {why}", allow_retries=False)


def _publish(engine: Engine, graph: Graph) -> dict[str, Any]:
    published = snapshot.publish(engine, graph)
    failpoint("published, no report yet")
    tables = published.manifest["tables"]
    return {
        "snapshot": str(published.manifest["id"]),
        "path": dg.MetadataValue.path(str(published.path)),
        "as_of": str(published.manifest["as_of"]),
        "rows": dg.MetadataValue.json({name: t["rows"] for name, t in tables.items()}),
    }


def _write_files(engine: Engine, wanted: Collection[str]) -> Mapping[str, Path]:
    """Write the files made from the snapshot; each is stale until made from the current one."""
    # The snapshot that they are made from, or an older one: then a later run writes them again.
    published = current_snapshot(engine.settings)
    made_of = "" if published is None else published.path.name
    written = {
        name: write(engine.settings) for name, (*_, write) in _FILES.items() if name in wanted
    }
    if written:
        with engine.hold():
            state = engine.state()
            engine.record([Writer(name, made_of, state.as_of) for name in written], state.newest)
    return written


def _snapshot_spec(graph: Graph) -> dg.AssetSpec:
    return dg.AssetSpec(
        asset_key(snapshot.ASSET),
        deps=[asset_key(transform.name) for transform in graph.transforms],
        group_name="publish",
        description=(
            "Parquet files of every table and a manifest, switched atomically. What do the "
            "command line and BI tools read?"
        ),
        kinds={"parquet"},
        owners=OWNERS,
        skippable=True,
    )


def _file_spec(name: str) -> dg.AssetSpec:
    description, kind, _ = _FILES[name]
    return dg.AssetSpec(
        asset_key(name),
        deps=[asset_key(snapshot.ASSET)],
        group_name="publish",
        description=description,
        kinds={kind},
        owners=OWNERS,
        skippable=True,
    )
