"""Bringing everything up to date in the foreground: load, plan, run, publish.

The same runs that Dagster's daemon would launch, in this process; they appear in the UI.
"""

import os
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from ltv_platform.attribution import ledger
from ltv_platform.errors import UserError
from ltv_platform.ingestion.start_date import cover_log
from ltv_platform.settings import Settings
from ltv_platform.transforms import Graph
from ltv_platform.warehouse import planner, snapshot
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine
from ltv_platform.warehouse.engine import State

if TYPE_CHECKING:
    import dagster as dg

    from ltv_platform.orchestration.checks import Told

Progress = Callable[[str], None]

#: Marks the runs of this process and its likes, which no daemon watches.
_FOREGROUND = "ltv/foreground"
_PUBLISH = (snapshot.ASSET, *snapshot.MADE_OF_IT)
#: How often a refresh begins anew because loads came in while it ran.
_ATTEMPTS = 5


#: Assets that come with another one: journeys are scored in the run that shows their scores.
_SCORES, _SCORED = "raw.ihc_answers", "marts.ihc_attribution"


@dataclass(frozen=True)
class Refreshed:
    """What bringing everything up to date has done.

    Attributes:
        changed: Something was stale.
        told: What the checks said that hold nothing back, by table and name of the check.
    """

    changed: bool = False
    told: "Mapping[tuple[str, str], Told]" = field(default_factory=dict)

    def then(self, later: "Refreshed") -> "Refreshed":
        """Both, one after the other: what a check said last is what counts."""
        return Refreshed(self.changed or later.changed, {**self.told, **later.told})

    def without(self, *checks: str) -> "Refreshed":
        """The same without what checks of these names said."""
        told = {key: said for key, said in self.told.items() if key[1] not in checks}
        return replace(self, told=told)

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line per check that failed and held nothing back."""
        return tuple(f"{table}: {said.text}" for (table, _), said in self.told.items() if said.text)

    @property
    def error(self) -> UserError | None:
        """What people must mend before all of it can be done; the rest is."""
        return next((said.error for said in self.told.values() if said.error is not None), None)


def bring_up_to_date(engine: DuckDBEngine, graph: Graph, progress: Progress) -> Refreshed:
    """Run what is stale.

    A load that comes in while tables are written reaches some of them and, outside the days that
    were planned, not others: then checks that compare them fail, and everything is planned anew.

    Raises:
        UserError: a run failed though nothing came in, or loads did not stop coming in.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        progress("looking for what is stale")
        with engine.hold():
            newest = _newest_load(engine)
            runs = stale_runs(engine, graph)
        if not runs:
            return Refreshed(attempt > 1)
        progress(f"starting Dagster for {sum(len(run.assets) for run in runs)} stale assets")
        try:
            return execute(engine.settings, graph, runs, progress, only_stale=True)
        except UserError:
            if attempt == _ATTEMPTS or _newest_load(engine) == newest:
                raise
    raise AssertionError("the last attempt returns or raises")


def _newest_load(engine: DuckDBEngine) -> int:
    # What the run itself writes into the ledger of the IHC API is no load.
    newest = (
        "SELECT COALESCE(MAX(seq), 0) FROM raw.touched WHERE NOT starts_with(table_name, 'ihc_')"
    )
    return int(engine.rows(newest)[0][0])


def stale_runs(engine: DuckDBEngine, graph: Graph) -> list[planner.RunRange]:
    """The runs that bring everything up to date; none when nothing is stale."""
    settings = engine.settings
    start = cover_log(engine)
    state = engine.state()
    coming = {_SCORES: ledger.pending_days(engine)}
    stale = planner.plan(graph, state, start, settings.today(), coming)
    runs = [
        replace(run, assets=(*run.assets, _SCORES))
        if settings.uses_ihc_api and _SCORED in run.assets
        else run
        for run in planner.run_ranges(stale)
    ]
    others = _stale_sources(graph, state)
    if stale.assets or snapshot.is_stale(graph, state, settings):
        others += _PUBLISH
    else:
        others += snapshot.outdated_files(state)
    if others:
        last = runs.pop() if runs else planner.RunRange((), None, None)
        runs.append(replace(last, assets=(*last.assets, *others)))
    return runs


def _stale_sources(graph: Graph, state: State) -> tuple[str, ...]:
    """Sources whose log has changed since their asset was last materialized."""
    return tuple(
        name
        for source in graph.catalog.sources.values()
        for name in [source.log.full_name]
        if max(state.touched.get(name, {}).values(), default=0) > planner.newest_write(state, name)
    )


def chosen(
    engine: DuckDBEngine, graph: Graph, start: date | None, end: date | None, select: str
) -> planner.RunRange:
    """What a person asked for: some assets or all tables, over some or all days up to as_of.

    Tables that are written whole, and publishing, are left to the refresh that follows: they
    become stale by this, and their checks hold only when everything is up to date.

    Args:
        engine: The warehouse.
        graph: The tables.
        start: First day; None: the first partition.
        end: Last day; None: the last day that figures know of.
        select: Assets in Dagster's selection syntax; empty: all partitioned tables.

    Raises:
        UserError: the range lies outside the partitions, or nothing is selected.
    """
    settings = engine.settings
    if start is not None and end is not None and start > end:
        raise UserError(f"The range ends on {end}, before it starts on {start}.", "Swap them.")
    first, as_of = cover_log(engine), engine.as_of().day
    last = None if as_of is None else min(as_of, settings.today())
    names = (
        _selected(settings, select)
        if select
        else tuple(t.name for t in graph.transforms if t.contract.partition is not None)
    )
    if first is None or last is None:
        return planner.RunRange(names, None, None)
    start, end = start or first, end or max(first, last)
    if not first <= start <= end <= settings.today():
        raise UserError(
            f"{start} to {end} is no range of partitions: they lie between {first} and "
            f"{settings.today()}.",
            "Choose other days, or set LTV_START_DATE.",
        )
    return planner.RunRange(names, start, end)


def _selected(settings: Settings, select: str) -> tuple[str, ...]:
    import dagster as dg  # noqa: PLC0415

    from ltv_platform.definitions import build_definitions  # noqa: PLC0415

    asset_graph = build_definitions(settings).resolve_asset_graph()
    try:
        keys = dg.AssetSelection.from_string(select).resolve(asset_graph)
    except (dg.DagsterError, ValueError) as error:
        raise UserError(
            f"{select!r} is no selection of assets: {error}",
            "As in: core/customers, group:campaigns, +key:marts/campaign_roas.",
        ) from error
    if not keys:
        raise UserError(f"{select!r} selects no asset.", "`ltv tables` lists the tables.")
    return tuple(sorted(".".join(key.path) for key in keys))


def execute(
    settings: Settings,
    graph: Graph,
    runs: Sequence[planner.RunRange],
    progress: Progress,
    *,
    only_stale: bool,
) -> Refreshed:
    """Execute runs one after the other.

    Args:
        settings: The settings.
        graph: The tables.
        runs: What to materialize, over which days.
        progress: Told of every step.
        only_stale: Each asset rewrites only its own stale days of the range.

    Returns:
        What the checks say that hold nothing back.

    Raises:
        UserError: a run failed; the message holds the failed step's error and the run's id.
    """
    from ltv_platform.definitions import build_definitions  # noqa: PLC0415
    from ltv_platform.orchestration.assets import REFRESH_TAG, asset_key  # noqa: PLC0415
    from ltv_platform.orchestration.checks import told  # noqa: PLC0415
    from ltv_platform.orchestration.partitions import RANGE_END, RANGE_START  # noqa: PLC0415

    refreshed = Refreshed(changed=True)
    partitioned = {t.name for t in graph.transforms if t.contract.partition is not None}
    prepare_dagster_home(settings)
    with _instance(settings) as instance:
        job = build_definitions(settings).resolve_job_def("refresh")
        for run in runs:
            # Without any day, the partitioned tables stay as they are: empty.
            assets = [
                name for name in run.assets if run.start is not None or name not in partitioned
            ]
            if not assets:
                continue
            tags = {_FOREGROUND: "yes"} | ({REFRESH_TAG: "stale"} if only_stale else {})
            if run.start is not None and run.end is not None:
                tags |= {RANGE_START: run.start.isoformat(), RANGE_END: run.end.isoformat()}
            run_id = str(uuid.uuid4())
            instance.add_event_listener(run_id, _teller(progress))
            result = job.execute_in_process(
                instance=instance,
                run_id=run_id,
                asset_selection=[asset_key(name) for name in assets],
                tags=tags,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                raise_on_error=False,
            )
            if not result.success:
                raise UserError(
                    f"Run {result.run_id[:8]} failed. {_why(result)}",
                    "What was not rebuilt stays stale: mend the cause and run `ltv run` again; "
                    "`ltv ui` shows the run.",
                )
            refreshed = refreshed.then(Refreshed(told=told(result)))
    return refreshed


@contextmanager
def _instance(settings: Settings) -> "Iterator[dg.DagsterInstance]":
    """Dagster's instance; runs of killed processes are no longer shown as under way.

    The caller is the only one that executes runs in the foreground (``locks.one_run``), so
    those that are under way by Dagster's book have lost their process.
    """
    import dagster as dg  # noqa: PLC0415 - half a second that a refresh with nothing to do saves
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    try:
        with dg.DagsterInstance.from_config(str(settings.dagster_path)) as instance:
            under_way = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
            lost = dg.RunsFilter(statuses=under_way, tags={_FOREGROUND: "yes"})
            for run in instance.get_runs(lost):
                instance.report_run_failed(run, "The process that executed it was killed.")
            yield instance
    except OperationalError as error:
        raise UserError(
            f"Dagster cannot write its history in {settings.dagster_path}: {error.orig}.",
            "Check that the disk has room and LTV_HOME may be written, then run it again.",
        ) from error


def _why(result: "dg.ExecuteInProcessResult") -> str:
    """The first step's error, without traceback, and what the failed checks say."""
    failed_checks = [
        f"{check.asset_key.to_user_string()}: {check.check_name} fails ({check.description or ''})"
        for check in result.get_asset_check_evaluations()
        if not check.passed and check.blocking
    ]
    if failed_checks:
        return "; ".join(failed_checks)
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data.error is not None:
            error = event.step_failure_data.error
            cause = error.cause or error
            # Without the name of the Python class that carried it here.
            message = re.sub(r"^[\w.]+: ", "", cause.message.strip())
            return f"{(event.step_key or '').replace('__', '.')}: {message}"
    return "See its log."


def _teller(progress: Progress) -> "Callable[[dg.EventLogEntry], None]":
    """A listener that tells progress of each step."""

    def tell(entry: "dg.EventLogEntry") -> None:
        event = entry.dagster_event
        if event is None and entry.step_key == _SCORES.replace(".", "__"):
            progress(entry.user_message)
        elif event is not None and event.is_step_start and event.step_key is not None:
            progress(f"building {event.step_key.replace('__', '.')}")

    return tell


def dagster_environment(settings: Settings) -> dict[str, str]:
    """What every process that executes runs needs in its environment."""
    return {
        "LTV_HOME": str(settings.home),
        "DAGSTER_HOME": str(settings.dagster_path),
        "LTV_EVENT_LOG": str(settings.dagster_path / "history"),
        # Partition events are handed over in batches; see event_log.py.
        "DAGSTER_EVENT_BATCH_SIZE": "1000",
    }


def prepare_dagster_home(settings: Settings) -> None:
    """Make DAGSTER_HOME with the shipped configuration, unless the user has one there."""
    os.environ.update(dagster_environment(settings))
    home = settings.dagster_path
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        packaged = files("ltv_platform") / "orchestration" / "dagster.yaml"
        source = (
            packaged if packaged.is_file() else Path(__file__).resolve().parents[2] / "dagster.yaml"
        )
        (home / "dagster.yaml").write_text(source.read_text("utf-8"), "utf-8")
