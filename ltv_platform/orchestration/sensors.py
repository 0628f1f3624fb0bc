"""Sensors that start runs: thin shells over the pure functions of ``scheduling/``.

The landing sensor requests a run when files wait, the refresh sensor when something is stale. Both
use the same job, so a run that loads also refreshes and publishes. Two more send alerts about
failed runs, and resolve them after a success.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.execution.stats import StepEventStatus

from ltv_platform.alerts import (
    Alerts,
    FileRejected,
    RetriesExhausted,
    RunFailed,
    SensorFailed,
    StaleData,
)
from ltv_platform.alerts.causes import NO_SOURCE_TABLE
from ltv_platform.errors import BusyError
from ltv_platform.events.leftovers import recover
from ltv_platform.ingestion.landing import landed_files, make_landing, misplaced_files
from ltv_platform.ingestion.rows.start_date import read_start
from ltv_platform.orchestration.lost_runs import end_lost_runs
from ltv_platform.orchestration.refreshes import FILES_TAG, refresh_tags
from ltv_platform.orchestration.steps import SOURCES
from ltv_platform.published.current import current_snapshot
from ltv_platform.published.snapshot import snapshot_code
from ltv_platform.refresh.stale import Stale, what_is_stale
from ltv_platform.scheduling import cursor, freshness
from ltv_platform.scheduling.attempts import LastRun
from ltv_platform.scheduling.landing import LandingMemory, LoadRequest, decide_landing
from ltv_platform.scheduling.refresh import (
    RefreshMemory,
    decide_refresh,
    reload_reason,
    stale_backlog,
)
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Graph
from ltv_platform.warehouse.engine import Engine
from ltv_platform.warehouse.opening import open_engine
from ltv_platform.warehouse.planner import Plan

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

Tick = Callable[[dg.SensorEvaluationContext], dg.SensorResult | dg.SkipReason]

#: Seconds between two ticks of the landing and of the refresh sensor: people wait for the first.
_LANDING_INTERVAL, _REFRESH_INTERVAL = 10, 30
#: Seconds that a tick waits for the warehouse; a writer keeps it for longer anyway.
_WAIT_FOR_WAREHOUSE = 0.5

_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_RUN_KEY = "dagster/run_key"


def last_run(instance: dg.DagsterInstance, run_key: str, step: str = "") -> tuple[LastRun, str]:
    """The state and id of a sensor's last run; any running run counts as that.

    Every run writes the warehouse, so none is requested while another is running.

    Args:
        instance: Dagster's instance.
        run_key: The run key of the last request; empty: none was made.
        step: The step that the request was made for; failures of other steps are ignored.
    """
    if instance.get_runs_count(dg.RunsFilter(statuses=_UNFINISHED)):
        return LastRun.RUNNING, ""
    if not run_key:
        return LastRun.UNKNOWN, ""
    for run in instance.get_runs(dg.RunsFilter(tags={_RUN_KEY: run_key}), limit=1):
        succeeded = run.status is dg.DagsterRunStatus.SUCCESS or (
            step in _succeeded_steps(instance, run.run_id)
        )
        return (LastRun.SUCCEEDED if succeeded else LastRun.FAILED), run.run_id
    return LastRun.UNKNOWN, ""


def _succeeded_steps(instance: dg.DagsterInstance, run_id: str) -> set[str]:
    return {
        step.step_key
        for step in instance.get_run_step_stats(run_id)
        if step.status is StepEventStatus.SUCCESS
    }


def _alerts_of_failure(settings: Settings, sensor: str) -> Callable[[Tick], Tick]:
    """Send an alert if a tick fails: Dagster only shows that in the UI."""

    def alerting(tick: Tick) -> Tick:
        @wraps(tick)
        def guarded(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
            alerts = Alerts(settings)
            try:
                result = tick(context)
            except Exception as error:
                alerts.report(SensorFailed(sensor, f"{type(error).__name__}: {error}"))
                raise
            alerts.resolve(SensorFailed.kind, sensor)
            return result

        return guarded

    return alerting


def landing_sensor(engine: Engine, job: "UnresolvedAssetJobDefinition") -> dg.SensorDefinition:
    """Requests a run when complete files wait in landing."""
    settings, sources = engine.settings, list(engine.catalog.sources)

    @dg.sensor(
        name="landing",
        job=job,
        minimum_interval_seconds=_LANDING_INTERVAL,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Looks for complete files in landing/ and requests one run that loads all of them and "
            "rebuilds the affected tables. A rejected file requests no run until it changes."
        ),
    )
    @_alerts_of_failure(settings, "landing")
    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        make_landing(settings, sources)
        recover(settings)
        memory = cursor.read(LandingMemory, context.cursor)
        last_state, run_id = last_run(context.instance, memory.run_key, SOURCES)
        files = landed_files(settings, sources)
        misplaced = misplaced_files(settings, sources)
        decision = decide_landing(files, memory, time.time(), last_state, settings.refresh_attempts)
        alerts = Alerts(settings)
        _report_attempts(alerts, "landing", decision.attempt.exhausted, memory, run_id)
        if decision.attempt.done:
            alerts.resolve(RetriesExhausted.kind, "landing")
        _report_files(
            alerts,
            # The run has alerted people, unless it was killed first.
            *(FileRejected(path, run_id=run_id) for path in decision.rejected),
            *(FileRejected(path, error=NO_SOURCE_TABLE) for path in misplaced),
        )
        alerts.resolve_others(FileRejected.kind, {*(file.place for file in files), *misplaced})
        alerts.deliver()
        request = decision.request
        return dg.SensorResult(
            run_requests=[] if request is None else [_load(settings, request)],
            skip_reason=None if request is not None else decision.attempt.reason,
            cursor=cursor.written(decision.memory),
        )

    return tick


def _load(settings: Settings, request: LoadRequest) -> dg.RunRequest:
    tags = refresh_tags(settings, None)
    tags[FILES_TAG] = str(request.changed_until)
    return dg.RunRequest(run_key=request.run_key, tags=tags)


def refresh_sensor(
    settings: Settings, graph: Graph, job: "UnresolvedAssetJobDefinition"
) -> dg.SensorDefinition:
    """Requests a run when anything is stale, and sends alerts about late data."""
    impatient = settings.model_copy(update={"lock_timeout": _WAIT_FOR_WAREHOUSE})
    engine = open_engine(impatient, graph.catalog)
    defined = read_start(settings)

    @dg.sensor(
        name="refresh",
        job=job,
        minimum_interval_seconds=_REFRESH_INTERVAL,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Asks the planner what is stale and requests one run that rebuilds it. A failed run "
            "is retried at growing intervals, up to LTV_REFRESH_ATTEMPTS times for the same cause."
        ),
    )
    @_alerts_of_failure(settings, "refresh")
    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        memory = cursor.read(RefreshMemory, context.cursor)
        alerts = Alerts(settings)
        _report_late_data(settings, alerts, memory.stale_since)
        end_lost_runs(context.instance, settings, graph, time.time())
        last_state, run_id = last_run(context.instance, memory.run_key)
        if last_state is LastRun.RUNNING:
            return dg.SkipReason("A run is in progress; checking again when it ends.")
        if not settings.warehouse_path.exists():
            return dg.SkipReason("Nothing is loaded yet.")
        try:
            stale = what_is_stale(engine, graph)
        except BusyError as busy:
            return dg.SkipReason(f"The warehouse is in use; checking again later. {busy.message}")
        first = read_start(settings)
        backlog = stale_backlog(_whole_plan(stale), stale.state, snapshot_code(graph), first)
        memory, decision = decide_refresh(
            memory, backlog, time.time(), last_state, settings.refresh_attempts
        )
        _report_attempts(alerts, "refresh", decision.exhausted, memory, run_id)
        if decision.done:
            alerts.resolve(RetriesExhausted.kind, "refresh")
        reason = reload_reason(defined, first)
        requests = [
            dg.RunRequest(run_key=memory.run_key, tags=refresh_tags(settings, stale))
        ] * decision.start
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else " ".join(filter(None, (decision.reason, reason))),
            cursor=cursor.written(memory),
        )

    return tick


def _whole_plan(stale: Stale) -> Plan:
    """Everything that is stale; assets that are not tables are in ``whole``."""
    others = tuple(asset for asset in stale.assets if asset not in stale.plan.days)
    return Plan(stale.plan.days, others)


def _report_attempts(
    alerts: Alerts, sensor: str, exhausted: bool, memory: LandingMemory | RefreshMemory, run_id: str
) -> None:
    if exhausted:
        history = memory.history
        unit = "files" if isinstance(memory, LandingMemory) else "days of tables"
        left = f"{history.left:,} {unit}"
        alerts.report(RetriesExhausted(sensor, history.in_vain, left, run_id))


def _report_files(alerts: Alerts, *rejected: FileRejected) -> None:
    """Send alerts about rejected files that have none yet."""
    known = {alert.key for alert in alerts.open_alerts() if alert.kind == FileRejected.kind}
    if new := [alert for alert in rejected if alert.key not in known]:
        alerts.report(*new)


def _report_late_data(settings: Settings, alerts: Alerts, stale_since: float | None) -> None:
    published = current_snapshot(settings)
    manifest = None if published is None else published.manifest
    late = freshness.late(settings, manifest, settings.current_time(), stale_since)
    alerts.report_only(
        StaleData.kind, [StaleData(found.what, found.since, found.hours) for found in late]
    )


def sensors(
    engine: Engine, graph: Graph, job: "UnresolvedAssetJobDefinition"
) -> list[dg.SensorDefinition]:
    """All sensors: those that request runs, and those that send alerts."""
    settings = engine.settings
    return [
        landing_sensor(engine, job),
        refresh_sensor(settings, graph, job),
        *run_sensors(settings),
    ]


def run_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Sensors that send alerts about failed runs, and resolve them after a success."""

    @dg.run_failure_sensor(
        name="failed_runs",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends an alert for a failed run.",
    )
    def report_failure(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        step, error = _failed_step(context)
        Alerts(settings).report(RunFailed(run.job_name, run.run_id, step, error=error))

    @dg.run_status_sensor(
        name="succeeded_runs",
        run_status=dg.DagsterRunStatus.SUCCESS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Resolves the alerts of earlier failed runs.",
    )
    def resolve(context: dg.RunStatusSensorContext) -> None:
        run = context.dagster_run
        steps = _succeeded_steps(context.instance, run.run_id)
        keys = (RunFailed(run.job_name, run.run_id, step).key for step in ("", *sorted(steps)))
        Alerts(settings).resolve(RunFailed.kind, *keys)

    return [report_failure, resolve]


def _failed_step(context: dg.RunFailureSensorContext) -> tuple[str, str]:
    """The first step that failed, and its error."""
    for event in context.get_step_failure_events():
        error = event.step_failure_data.error
        return event.step_key or "", "" if error is None else error.to_string()
    return "", context.failure_event.message or ""
