"""Metadata of a write for the asset's page: rows, days, seconds, watermarks."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any

from ltv_platform.contracts import SourceTable
from ltv_platform.ingestion.load import Outcome
from ltv_platform.orchestration.backtests import backtest_metadata
from ltv_platform.orchestration.charts import chart_metadata
from ltv_platform.orchestration.lineage import found_metadata, kept_metadata
from ltv_platform.refresh.build import BuiltTable
from ltv_platform.tables.transforms import AsOf
from ltv_platform.warehouse.engine import Reader


def table_metadata(engine: Reader, built: BuiltTable) -> dict[str, Any]:
    """Metadata of a table just written, with its charts and the back-test of its forecasts."""
    transform = built.transform
    return {
        **knowledge(built.as_of),
        "dagster/row_count": row_count(engine, transform.name),
        "rows_written": built.rows,
        **({} if built.days is None else {"days_written": len(built.days)}),
        "seconds": round(built.seconds, 3),
        **({} if kept_metadata(transform) else found_metadata(transform)),
        # Charts first: below a long table they would be missed.
        **chart_metadata(engine, transform.name),
        **backtest_metadata(engine, transform.derivation.backtest),
    }


def load_metadata(
    engine: Reader, source: SourceTable, outcomes: Sequence[Outcome]
) -> dict[str, Any]:
    """Metadata of a source: its rows, and the counts of a run's loads."""
    newest = engine.newest_event(source.name) if source.event_time else None
    loaded = [outcome.counts for outcome in outcomes if outcome.counts and not outcome.repeated]
    return {
        "dagster/row_count": row_count(engine, source.log.full_name),
        "files_loaded": len(loaded),
        "rows_accepted": sum(counts.rows_accepted for counts in loaded),
        "rows_quarantined": sum(counts.rows_quarantined for counts in loaded),
        "rows_repeated": sum(counts.rows_repeated for counts in loaded),
        "watermark": str(newest or "no rows yet"),
    }


def row_count(engine: Reader, table: str) -> int:
    """The number of rows of a table."""
    return int(engine.rows(f"SELECT COUNT(*) FROM {table}")[0][0])


def knowledge(as_of: AsOf) -> Mapping[str, Any]:
    """as_of and watermarks, as text and as numbers that Dagster plots."""
    metadata: dict[str, Any] = {}
    if as_of.day is not None:
        instant = datetime.combine(as_of.day, time(), UTC)
        metadata["as_of"] = as_of.day.isoformat()
        metadata["as_of_epoch_seconds"] = int(instant.timestamp())
    revenue = as_of.known_until("revenue")
    if revenue is not None:
        instant = revenue.replace(tzinfo=UTC)
        metadata["revenue_watermark"] = revenue.isoformat(" ")
        metadata["revenue_watermark_epoch_seconds"] = int(instant.timestamp())
    return metadata
