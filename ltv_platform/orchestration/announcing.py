"""Events of a run about the partitions it wrote: a small one per partition, a full one per table.

Dagster announces all partitions that a run was launched for. A refresh writes only the stale days
of each table, so it announces these itself: its runs carry a tag that makes Dagster leave that to
them. In runs that a person launches, the steps of tables announce as well, in a tenth of Dagster's
time; Dagster announces the rest. The tag is private to Dagster; without it, Dagster announces the
full range of days.
"""

import logging
import time
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, cast

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)
from dagster._core.events import DagsterEvent, DagsterEventType, StepMaterializationData
from dagster._core.storage import tags as dagster_tags

from ltv_platform.orchestration.event_log import ANY_PARTITION, ANY_ROWS, SqliteHistory
from ltv_platform.refresh.build import Checked

#: Runs with this tag announce their own partitions; None: Dagster no longer has the tag.
DEFER_TAG: str | None = getattr(dagster_tags, "EXTERNALLY_MANAGED_ASSETS_TAG", None)

_ROWS = "dagster/partition_row_count"

Metadata = Mapping[str, Any]


def defers_events(run: dg.DagsterRun) -> bool:
    """Whether a run announces its own partitions."""
    return DEFER_TAG is not None and run.tags.get(DEFER_TAG) == "true"


@contextmanager
def deferring_events(run: dg.DagsterRun) -> Iterator[None]:
    """Let a step announce its own partitions in a run that Dagster would announce.

    Dagster checks the run's tags in memory after each result of a step. The stored tags do not
    change, and other steps are not affected.
    """
    if DEFER_TAG is None or defers_events(run):
        yield
        return
    tags = cast("MutableMapping[str, str]", run.tags)
    tags[DEFER_TAG] = "true"
    try:
        yield
    finally:
        del tags[DEFER_TAG]


@contextmanager
def in_one_transaction(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Store all events of the block in one transaction: a commit takes longer than most events."""
    storage = context.instance.event_log_storage
    with storage.together() if isinstance(storage, SqliteHistory) else nullcontext():
        yield


def materialized(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    metadata: Metadata,
    rows_of_day: Mapping[str, int] | None = None,
) -> Iterator[dg.MaterializeResult[Any]]:
    """Announce what a run wrote: by our own event, or by a result that Dagster turns into events.

    Takes the arguments of :func:`announce`.
    """
    if defers_events(context.run):
        announce(context, key, metadata, rows_of_day)
    elif rows_of_day is None:
        yield dg.MaterializeResult(asset_key=key, metadata=metadata)
    else:
        # No metadata: Dagster would repeat it for each partition.
        for day, rows in rows_of_day.items():
            context.add_asset_metadata({_ROWS: rows}, asset_key=key, partition_key=day)
        context.add_asset_metadata(metadata, asset_key=key, partition_key=max(rows_of_day))
        yield dg.MaterializeResult(asset_key=key)


def outputs(
    context: dg.AssetExecutionContext, keys: Sequence[dg.AssetKey]
) -> Iterator[dg.MaterializeResult[Any]]:
    """Yield outputs without a write, so that Dagster does not skip later steps."""
    if defers_events(context.run):
        with in_one_transaction(context):
            for key in keys:
                if key in context.selected_asset_keys:
                    yield dg.MaterializeResult(asset_key=key)


def announce(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    metadata: Metadata,
    rows_of_day: Mapping[str, int] | None = None,
) -> None:
    """Store the events of a written table in one batch.

    Args:
        context: The context of the step.
        key: The table's asset.
        metadata: Metadata of the table; the newest event carries it.
        rows_of_day: Rows written per partition; None: the table was written as a whole.
    """
    storage = context.instance.event_log_storage
    if rows_of_day is None:
        storage.store_event_batch([_event(context, key, None, metadata, figures=True)])
        return
    if not rows_of_day:
        return
    others = dict(sorted(rows_of_day.items()))
    day, rows = others.popitem()
    newest = _event(context, key, day, {**metadata, _ROWS: rows}, figures=True)
    if isinstance(storage, SqliteHistory):
        any_event = _event(context, key, ANY_PARTITION, {_ROWS: ANY_ROWS}, figures=False)
        storage.store_written_partitions(any_event, others, newest)
    else:
        events = [_event(context, key, d, {_ROWS: n}, figures=False) for d, n in others.items()]
        storage.store_event_batch([*events, newest])


def _event(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    partition: str | None,
    metadata: Metadata,
    *,
    figures: bool,
) -> dg.EventLogEntry:
    """A materialization. Without metadata it names no step: see ``event_log.py``."""
    step = context.op_execution_context.get_step_execution_context().step.key if figures else None
    materialization = dg.AssetMaterialization(key, metadata=metadata, partition=partition)
    return dg.EventLogEntry(  # type: ignore[no-untyped-call]
        error_info=None,
        level=logging.DEBUG,
        user_message="",
        run_id=context.run.run_id,
        timestamp=time.time(),
        step_key=step,
        job_name=context.run.job_name,
        dagster_event=DagsterEvent(
            event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
            job_name=context.run.job_name,
            event_specific_data=StepMaterializationData(materialization),
            step_key=step,
        ),
    )


def check_results(
    context: dg.AssetExecutionContext, key: dg.AssetKey, checked: Sequence[Checked]
) -> Iterator[dg.AssetCheckResult | dg.AssetCheckEvaluation]:
    """The check results of a table for Dagster."""
    here = defers_events(context.run)
    target = _newest(context, key) if here else None
    for check in checked:
        severity = dg.AssetCheckSeverity.ERROR if check.blocking else dg.AssetCheckSeverity.WARN
        seen: dict[str, Any] = {
            "asset_key": key,
            "check_name": check.name,
            "passed": check.outcome.passed,
            "metadata": dict(check.outcome.figures),
            "severity": severity,
            "description": check.outcome.description or None,
        }
        if here:
            yield dg.AssetCheckEvaluation(**seen, target_materialization_data=target)
        else:
            yield dg.AssetCheckResult(**seen)


def _newest(
    context: dg.AssetExecutionContext, key: dg.AssetKey
) -> AssetCheckEvaluationTargetMaterializationData | None:
    """The materialization that was checked: the newest one."""
    for newest in context.instance.fetch_materializations(key, limit=1).records:
        return AssetCheckEvaluationTargetMaterializationData(
            storage_id=newest.storage_id, run_id=newest.run_id, timestamp=newest.timestamp
        )
    return None
