"""The steps of a run: one per group of tables, each on one connection.

A refresh writes what is stale, and announces which days of each table it wrote. A run that a person
launches writes everything that was requested.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import dagster as dg

from ltv_platform import checks
from ltv_platform.alerts import Alerts, CheckFailed, FileRejected
from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import quoted
from ltv_platform.errors import PassingError
from ltv_platform.events.leftovers import recover
from ltv_platform.ingestion.landing import ingest_landing
from ltv_platform.ingestion.load import Outcome
from ltv_platform.orchestration import scoring
from ltv_platform.orchestration.announced import remember_announced, unannounced
from ltv_platform.orchestration.announcing import (
    announce,
    check_results,
    deferring_events,
    defers_events,
    in_one_transaction,
    materialized,
    outputs,
)
from ltv_platform.orchestration.assets import (
    POOL,
    asset_key,
    source_check,
    source_spec,
    table_checks,
    table_spec,
)
from ltv_platform.orchestration.metadata import load_metadata, table_metadata
from ltv_platform.orchestration.partitions import days_of
from ltv_platform.orchestration.refreshes import FILES_TAG, REFRESH_TAG, Refreshes
from ltv_platform.orchestration.resources import TURN
from ltv_platform.refresh.build import BuiltTable, Checked, Work, build_tables, check_table
from ltv_platform.refresh.stale import SCORES
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Graph, Transform
from ltv_platform.warehouse import planner
from ltv_platform.warehouse.engine import Engine, Writer

#: The step that loads files.
SOURCES = "sources"

Results = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult | dg.AssetCheckEvaluation]


def source_step(engine: Engine) -> dg.AssetsDefinition:
    """Loads the waiting files of all sources."""
    sources = {
        asset_key(source.log.full_name): source for source in engine.catalog.sources.values()
    }

    @dg.multi_asset(
        name=SOURCES,
        specs=[source_spec(engine, source) for source in sources.values()],
        check_specs=[source_check(source) for source in sources.values()],
        can_subset=True,
        pool=POOL,
        required_resource_keys={TURN},
    )
    def load_sources(context: dg.AssetExecutionContext) -> Results:
        context.log.addFilter(_is_for_people)
        selected = [source for key, source in sources.items() if key in context.selected_asset_keys]
        refreshes = REFRESH_TAG in context.run.tags
        until = context.run.tags.get(FILES_TAG)
        if not refreshes:
            recover(engine.settings)
        # A refresh without this tag is for data that is already loaded.
        outcomes = (
            []
            if refreshes and until is None
            else ingest_landing(
                engine,
                # Files without a table's folder may be for any table.
                None if len(selected) == len(sources) else [source.name for source in selected],
                context.log.info,
                None if until is None else int(until),
            )
        )
        with engine.hold():
            for source in selected:
                yield from _loaded(context, engine, source, outcomes, always=not refreshes)
            for check in context.selected_asset_check_keys:
                if check.asset_key not in context.selected_asset_keys:  # without other steps
                    share = _rejected_share(engine, sources[check.asset_key])
                    yield from check_results(context, check.asset_key, [share])
        errors = [outcome.error for outcome in outcomes if outcome.error is not None]
        rejected = [str(error) for error in errors]
        _alert_of_rejections(engine.settings, outcomes, context.run.run_id)
        # The landing sensor retries temporary failures later.
        if rejected and (not refreshes or any(isinstance(e, PassingError) for e in errors)):
            raise dg.Failure("\n".join(rejected), allow_retries=False)
        # A bad file must not block the figures of good ones.
        for error in rejected:
            context.log.warning(error)
        yield from outputs(context, list(sources))

    return load_sources


def _alert_of_rejections(settings: Settings, outcomes: Sequence[Outcome], run_id: str) -> None:
    """Send alerts about rejected files, except for temporary failures, which are retried first."""
    Alerts(settings).report(
        *(
            FileRejected(
                str(outcome.request.path.relative_to(settings.landing_path)),
                str(outcome.error),
                run_id,
            )
            for outcome in outcomes
            if outcome.error is not None and not isinstance(outcome.error, PassingError)
        )
    )


def _loaded(
    context: dg.AssetExecutionContext,
    engine: Engine,
    source: SourceTable,
    outcomes: Sequence[Outcome],
    *,
    always: bool,
) -> Results:
    """Announce the new rows of a source; without any, only if always is set."""
    name = source.log.full_name
    state = engine.state((name,))
    new = max(state.touched.get(name, {}).values(), default=0) > planner.newest_write(state, name)
    if not (new or always):
        return
    engine.record([Writer(name, "", state.as_of)], state.newest)
    of_source = [outcome for outcome in outcomes if outcome.request.table == source.name]
    metadata = load_metadata(engine, source, of_source)
    yield from _reported(
        context, asset_key(name), metadata, None, [_rejected_share(engine, source)]
    )


def _rejected_share(engine: Engine, source: SourceTable) -> Checked:
    outcome = checks.rejected_share(engine, source.name, engine.settings)
    return Checked("rejected_share", False, outcome)


def table_step(
    engine: Engine,
    graph: Graph,
    group: str,
    partitions: dg.PartitionsDefinition,
    refreshes: Refreshes,
) -> dg.AssetsDefinition:
    """Writes the tables of a group, each with its checks right behind it."""
    transforms = [t for t in graph.transforms if t.derivation.group == group]
    parts = [transforms]
    specs = [table_spec(engine, transform, partitions) for transform in transforms]
    check_specs = [check for t in transforms for check in table_checks(engine, t)]
    scored = any(t.name == scoring.SCORED for t in transforms)
    if scored:  # between the journeys that are sent and the table with the answers
        [journeys] = [i for i, t in enumerate(transforms) if t.name == scoring.JOURNEYS]
        specs.insert(journeys + 1, scoring.answers_spec(engine))
        parts = _around_scoring(transforms)
        check_specs.append(scoring.ANSWERS_CHECK)

    @dg.multi_asset(
        name=group,
        specs=specs,
        check_specs=check_specs,
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=POOL,
        required_resource_keys={TURN},
    )
    def build_group(context: dg.AssetExecutionContext) -> Results:
        context.log.addFilter(_is_for_people)
        with deferring_events(context.run):
            yield from build(context)

    def build(context: dg.AssetExecutionContext) -> Results:
        refreshing = REFRESH_TAG in context.run.tags
        overtaken = partial(refreshes.is_overtaken, context.run.run_id)
        work = Work({}, ()) if refreshing else _asked(context, transforms)
        for part in parts:
            if part is not parts[0] and _is_to_be_scored(context, work, refreshing=refreshing):
                yield from scoring.ask(context, engine, graph)  # may take hours, unlocked
            with engine.hold():
                if refreshing:
                    work = refreshes.work(context.run.run_id)
                yield from _build_part(context, engine, part, work, overtaken)
                yield from _checked_alone(context, engine, part)
        if work.failures and not refreshing:
            raise dg.Failure("; ".join(work.failures), allow_retries=False)
        # A refresh goes on with tables that do not depend on them; publishing refuses.
        yield from outputs(context, [spec.key for spec in specs])

    return build_group


def _asked(context: dg.AssetExecutionContext, transforms: Sequence[Transform]) -> Work:
    """Everything that a person requested."""
    tables = [t for t in transforms if asset_key(t.name) in context.selected_asset_keys]
    partitioned = [t.name for t in tables if t.contract.partition is not None]
    days = days_of(context) if partitioned else []
    whole = [t.name for t in tables if t.contract.partition is None]
    return Work(dict.fromkeys(partitioned, days), whole)


def _around_scoring(transforms: Sequence[Transform]) -> list[list[Transform]]:
    """The tables whose journeys are sent to the API, and the rest, which may show its answers."""
    journeys = [t for t in transforms if t.name == scoring.JOURNEYS]
    return [journeys, [t for t in transforms if t.name != scoring.JOURNEYS]]


def _is_to_be_scored(context: dg.AssetExecutionContext, work: Work, *, refreshing: bool) -> bool:
    if refreshing:
        return work.wants(scoring.SCORED)
    return asset_key(SCORES) in context.selected_asset_keys


def _build_part(
    context: dg.AssetExecutionContext,
    engine: Engine,
    transforms: Sequence[Transform],
    work: Work,
    overtaken: Callable[[], bool],
) -> Results:
    written: list[BuiltTable] = []
    try:
        for built in build_tables(engine, transforms, work):
            context.log.info(built.summary)
            if not built.blocked_by:
                yield from _written(context, engine, built)
                written.append(built)
    except Exception:  # even after an error: the next run must not announce it again
        with suppress(Exception):
            remember_announced(engine, [built.transform.name for built in written])
        raise
    if defers_events(context.run):
        _catch_up(context, engine, transforms, written)
    if not overtaken():
        _report_checks(engine.settings, written, context.run.run_id)


def _is_for_people(record: logging.LogRecord) -> bool:
    """Whether a log record is for people: Dagster also lists skipped checks of unchanged tables."""
    return "did not yield or return expected outputs" not in record.getMessage()


def _checked_alone(
    context: dg.AssetExecutionContext, engine: Engine, transforms: Sequence[Transform]
) -> Results:
    """Results of checks that a person runs without writing their table."""
    for transform in transforms:
        key = asset_key(transform.name)
        asked = {
            check.name for check in context.selected_asset_check_keys if check.asset_key == key
        }
        if asked and key not in context.selected_asset_keys:
            checked = [one for one in check_table(engine, transform) if one.name in asked]
            yield from check_results(context, key, checked)


def _catch_up(
    context: dg.AssetExecutionContext,
    engine: Engine,
    transforms: Sequence[Transform],
    written: Sequence[BuiltTable],
) -> None:
    """Announce what earlier runs wrote but, being killed, did not announce."""
    announced = {built.transform.name: set(built.days or (None,)) for built in written}
    missed = unannounced(engine, [transform.name for transform in transforms])
    for transform in transforms:
        name = transform.name
        if days := missed.get(name, set()) - announced.get(name, set()):
            context.log.info(f"{name}: written by an earlier run that ended before recording it")
            whole = None in days
            dated = None if whole else tuple(sorted(filter(None, days)))
            built = BuiltTable(transform, dated, engine.as_of())
            figures = table_metadata(engine, built)
            announce(context, asset_key(name), figures, _rows_of_days(engine, built))
    remember_announced(engine, {*announced, *missed})


def _report_checks(settings: Settings, written: Sequence[BuiltTable], run_id: str) -> None:
    """Send alerts about failed blocking checks, and resolve those that pass again."""
    alerts = Alerts(settings)
    declared = {check.name: check for check in checks.table_checks(settings)}
    for built in written:
        table = built.transform.name
        for check in built.checks:
            if not check.blocking:
                continue
            what = (
                declared[check.name].description if check.name in declared else "Keys are unique."
            )
            alert = CheckFailed(table, check.name, what, check.outcome.figures, run_id)
            if check.outcome.passed:
                alerts.resolve(CheckFailed.kind, alert.key)
            else:
                alerts.report(alert)


def _written(context: dg.AssetExecutionContext, engine: Engine, built: BuiltTable) -> Results:
    transform = built.transform
    yield from _reported(
        context,
        asset_key(transform.name),
        table_metadata(engine, built),
        _rows_of_days(engine, built),
        built.checks,
    )


def _rows_of_days(engine: Engine, built: BuiltTable) -> Mapping[str, int] | None:
    """Rows per written partition, including empty ones; None: the table was written as a whole."""
    contract, days = built.transform.contract, built.days
    if days is None:
        return None
    day = quoted(str(contract.partition))
    counts = dict(
        engine.rows(
            f"SELECT {day}, COUNT(*) FROM {contract.full_name} "
            f"WHERE {day} BETWEEN $first AND $last GROUP BY ALL",
            {"first": days[0], "last": days[-1]},
        )
    )
    return {day.isoformat(): int(counts.get(day, 0)) for day in days}


def _reported(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    metadata: Mapping[str, Any],
    rows_of_day: Mapping[str, int] | None,
    checked: Sequence[Checked],
) -> Results:
    """Announce what was written, with its check results."""
    with in_one_transaction(context):
        yield from materialized(context, key, metadata, rows_of_day)
        yield from check_results(context, key, checked)
