"""Dagster assets out of contracts and wiring: sources, derived tables."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg

from ltv_platform import checks
from ltv_platform.contracts import Column, SourceTable, Table
from ltv_platform.ingestion.landing import ingest_landing
from ltv_platform.ingestion.load import Outcome
from ltv_platform.ingestion.start_date import read_start
from ltv_platform.orchestration.io_manager import TableQuery
from ltv_platform.orchestration.partitions import days_of, input_mapping
from ltv_platform.transforms import Graph, Transform
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine
from ltv_platform.warehouse.engine import Writer
from ltv_platform.warehouse.planner import stale_days

OWNERS = ["team:growth-data"]
POOL = "duckdb"

#: A run with this tag rewrites only what the planner calls stale; without it, all that was asked.
REFRESH_TAG = "ltv/refresh"

AssetResults = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]


def asset_key(table: str) -> dg.AssetKey:
    """``marts.campaign_ltv`` is the asset ``marts/campaign_ltv``."""
    return dg.AssetKey(table.split("."))


def source_assets(engine: DuckDBEngine) -> list[dg.AssetsDefinition]:
    """One asset per source; materializing it loads the files that wait for it."""
    return [_source_asset(engine, source) for source in engine.catalog.sources.values()]


def derived_assets(
    engine: DuckDBEngine, graph: Graph, partitions: dg.PartitionsDefinition
) -> list[dg.AssetsDefinition]:
    """One asset per derived table; it returns its query, the IO manager runs it."""
    return [_derived_asset(engine, graph, transform, partitions) for transform in graph.transforms]


def _source_asset(engine: DuckDBEngine, source: SourceTable) -> dg.AssetsDefinition:
    table = source.log
    key = asset_key(table.full_name)

    @dg.asset(
        key=key,
        group_name="sources",
        description=(
            f"{source.description}\n\nThe log keeps every accepted version of every row. "
            f"Materializing it loads the files in `landing/{source.name}/` and "
            f"`landing/{source.name}@<adapter>/`."
        ),
        kinds={"duckdb", "file"},
        owners=OWNERS,
        metadata={"dagster/column_schema": column_schema(table, table.columns)},
        pool=POOL,
        check_specs=[
            dg.AssetCheckSpec(
                "rejected_share", asset=key, description="Few rows are in quarantine."
            )
        ],
    )
    def load(context: dg.AssetExecutionContext) -> AssetResults:
        # A refresh rewrites what is loaded already. A file that waits and is wrong must not hold
        # back the figures; whoever asks for this asset by itself is told of it.
        loads = REFRESH_TAG not in context.run.tags
        outcomes = ingest_landing(engine, [source.name], context.log.info) if loads else []
        with engine.hold():
            newest = engine.state((table.full_name,)).newest
            engine.record(Writer(table.full_name, "", engine.as_of()), newest)
            metadata = _load_metadata(engine, source, outcomes)
            share = checks.rejected_share(engine, source.name, engine.settings)
        rejected = [outcome.error for outcome in outcomes if outcome.error is not None]
        if rejected:
            raise dg.Failure("\n".join(str(error) for error in rejected), allow_retries=False)
        yield dg.MaterializeResult(metadata=metadata)
        yield check_result(share, key, "rejected_share", dg.AssetCheckSeverity.WARN)

    return load


def _derived_asset(
    engine: DuckDBEngine, graph: Graph, transform: Transform, partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    contract = transform.contract
    key = asset_key(transform.name)

    @dg.asset(
        key=key,
        deps=[_dependency(graph, transform, table) for table in transform.made_before],
        partitions_def=partitions if contract.partition is not None else None,
        backfill_policy=dg.BackfillPolicy.single_run() if contract.partition is not None else None,
        group_name=transform.derivation.group,
        description=f"{contract.description}\n\n```sql\n{transform.sql.strip()}\n```",
        kinds={"duckdb", "sql"},
        owners=OWNERS,
        metadata={
            "dagster/column_schema": column_schema(contract, contract.published),
            "dagster/table_name": transform.name,
        },
        code_version=transform.code_hash,
        io_manager_key="warehouse_io_manager",
        pool=POOL,
        check_specs=[
            dg.AssetCheckSpec(
                "unique_key",
                asset=key,
                blocking=True,
                description=f"{', '.join(contract.key)} identify a row.",
            )
        ],
    )
    def build(context: dg.AssetExecutionContext) -> AssetResults:
        # One connection for the table and its check; the IO manager writes at the first yield.
        with engine.hold():
            days = _days_to_write(context, engine, transform)
            yield dg.MaterializeResult(
                value=TableQuery(transform, days, context.add_asset_metadata)
            )
            outcome = checks.unique_key(engine, contract, days)
            if not outcome.passed:
                engine.forget(transform.name, *((days[0], days[-1]) if days else ()))
        yield check_result(outcome, key, "unique_key", dg.AssetCheckSeverity.ERROR)

    return build


def _days_to_write(
    context: dg.AssetExecutionContext, engine: DuckDBEngine, transform: Transform
) -> list[date] | None:
    """The days of the run; of a refresh, those that are stale. None: the whole table."""
    if transform.contract.partition is None:
        return None
    days = days_of(context)
    if REFRESH_TAG not in context.run.tags:
        return days
    if read_start(engine.settings) is None:
        return []
    state = engine.state((transform.name, *transform.inputs))
    return list(stale_days(transform, state, days[0], days[-1]))


def _dependency(graph: Graph, transform: Transform, table: str) -> dg.AssetDep:
    upstream = graph.catalog[table]
    partitioned = upstream.partition is not None and upstream.layer != "raw"
    if partitioned and transform.contract.partition is not None:
        return dg.AssetDep(asset_key(table), partition_mapping=input_mapping(transform, table))
    return dg.AssetDep(asset_key(table))


def column_schema(table: Table, columns: tuple[Column, ...]) -> dg.TableSchema:
    """Dagster's column schema of a contract, personal data tagged."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type,
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=not column.required, unique=table.key == (column.name,)
                ),
                tags={"pii": ""} if column.pii else {},
            )
            for column in columns
        ]
    )


def check_result(
    outcome: checks.CheckOutcome,
    key: dg.AssetKey,
    name: str,
    severity: dg.AssetCheckSeverity,
) -> dg.AssetCheckResult:
    """A check's outcome for Dagster."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=outcome.passed,
        severity=severity,
        description=outcome.description or None,
        metadata=dict(outcome.figures),
    )


def _load_metadata(
    engine: DuckDBEngine, source: SourceTable, outcomes: list[Outcome]
) -> dict[str, dg.MetadataValue]:
    newest = f"MAX({source.event_time})" if source.event_time else "NULL"
    [(rows, watermark)] = engine.rows(
        f"SELECT COUNT(*), CAST({newest} AS VARCHAR) FROM raw.{source.name}"
    )
    loaded = [outcome.counts for outcome in outcomes if outcome.counts and not outcome.repeated]
    return {
        "dagster/row_count": dg.MetadataValue.int(rows),
        "files_loaded": dg.MetadataValue.int(len(loaded)),
        "rows_accepted": dg.MetadataValue.int(sum(counts.rows_accepted for counts in loaded)),
        "rows_quarantined": dg.MetadataValue.int(sum(counts.rows_quarantined for counts in loaded)),
        "rows_repeated": dg.MetadataValue.int(sum(counts.rows_repeated for counts in loaded)),
        "watermark": dg.MetadataValue.text(str(watermark or "no rows yet")),
    }
