"""Brings everything up to date in the foreground: load, plan, run, publish.

The same runs that Dagster's daemon would launch, in this process; they appear in the UI.
"""

import logging
import os
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from ltv_platform.errors import UserError
from ltv_platform.ingestion.rows.start_date import cover_log
from ltv_platform.orchestration.dagster_home import prepare_dagster_home, storage_errors
from ltv_platform.refresh.stale import Stale, newest_load, what_is_stale
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Graph
from ltv_platform.warehouse.engine import Engine

if TYPE_CHECKING:
    import dagster as dg

    from ltv_platform.orchestration.checks import CheckMessage
    from ltv_platform.orchestration.refreshes import Refreshes

Progress = Callable[[str], None]

#: How often a refresh starts over because loads were committed while it ran.
_ATTEMPTS = 5


@dataclass(frozen=True)
class Refreshed:
    """The result of a refresh.

    Attributes:
        changed: Something was stale.
        messages: Results of the non-blocking checks, by table and name of the check.
    """

    changed: bool = False
    messages: "Mapping[tuple[str, str], CheckMessage]" = field(default_factory=dict)

    def then(self, later: "Refreshed") -> "Refreshed":
        """Combine with a later result; the latest result of a check counts."""
        return Refreshed(self.changed or later.changed, {**self.messages, **later.messages})

    def without(self, *checks: str) -> "Refreshed":
        """The same without the results of the named checks."""
        messages = {key: of for key, of in self.messages.items() if key[1] not in checks}
        return replace(self, messages=messages)

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line per failed non-blocking check."""
        return tuple(
            f"{table}: {message.text}"
            for (table, _), message in self.messages.items()
            if message.text
        )

    @property
    def error(self) -> UserError | None:
        """What the user must fix before everything can be done; the rest is done."""
        errors = (message.error for message in self.messages.values())
        return next((error for error in errors if error is not None), None)


def bring_up_to_date(engine: Engine, graph: Graph, progress: Progress) -> Refreshed:
    """Run what is stale.

    A load that commits while tables are written reaches some of them and not others: then checks
    that compare them fail, and everything is planned again.

    Raises:
        UserError: a run failed although nothing was loaded meanwhile, or loads kept coming in.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        progress("looking for stale tables")
        with engine.hold():
            newest = newest_load(engine)
            stale = what_is_stale(engine, graph)
        if not stale:
            return Refreshed(attempt > 1)
        progress(f"starting Dagster for {len(stale.assets)} stale assets")
        try:
            return _refresh(engine, graph, stale, newest, progress)
        except UserError:
            if attempt == _ATTEMPTS or newest_load(engine) == newest:
                raise
    raise AssertionError("the last attempt returns or raises")


def _refresh(
    engine: Engine, graph: Graph, stale: Stale, newest: int, progress: Progress
) -> Refreshed:
    """One run over everything that is stale after the newest load.

    Raises:
        UserError: the run failed; the message has the failed step's error and the run's id.
    """
    from ltv_platform.orchestration.refreshes import refresh_tags  # noqa: PLC0415

    _refreshes(engine, graph).expect(stale.plan, newest)
    return _execute(engine, graph, None, refresh_tags(engine.settings, stale), progress)


def rebuild(
    engine: Engine,
    graph: Graph,
    days: tuple[date | None, date | None],
    select: str,
    progress: Progress,
) -> Refreshed:
    """Rebuild on request: some assets or all tables, over some or all days.

    Unpartitioned tables and publishing are left to the refresh that follows: they become stale by
    this, and their checks hold only when everything is up to date.

    Args:
        engine: The warehouse.
        graph: The tables.
        days: First and last day; None: the first partition, the last day included in figures.
        select: Assets in Dagster's selection syntax; empty: all partitioned tables.
        progress: Called for every table.

    Raises:
        UserError: the range is outside the partitions, nothing is selected, or the run failed.
    """
    from ltv_platform.orchestration.partitions import range_tags  # noqa: PLC0415

    asked = _days_asked(engine, *days)
    names = (
        _selected(engine, graph, select)
        if select
        else tuple(t.name for t in graph.transforms if t.contract.partition is not None)
    )
    if asked is None:  # without any day, the partitioned tables stay empty
        partitioned = {t.name for t in graph.transforms if t.contract.partition is not None}
        names = tuple(name for name in names if name not in partitioned)
    if not names:
        return Refreshed(changed=True)
    return _execute(engine, graph, names, range_tags(*asked) if asked else {}, progress)


def _days_asked(engine: Engine, start: date | None, end: date | None) -> tuple[date, date] | None:
    """First and last day of the requested range, within the partitions; None: there are none."""
    if start is not None and end is not None and start > end:
        raise UserError(f"The range ends on {end}, before its start on {start}.", "Swap them.")
    today = engine.settings.today()
    first, as_of = cover_log(engine), engine.as_of().day
    if first is None or as_of is None:
        return None
    asked = [str(day) for day in (start, end) if day is not None]  # no day that was not requested
    if any(not first <= day <= today for day in (start, end) if day is not None):
        raise UserError(
            f"{' to '.join(asked)} is outside the partitions, which run from {first} to {today}.",
            "Choose other days, or set LTV_START_DATE.",
        )
    # Days after as_of that were filled under a later as_of: their rows would be counted twice.
    start, end = start or first, end or max(first, min(max(as_of, _last_filled(engine)), today))
    if start > end:
        raise UserError(
            f"{start} is after {end}, the last day included in the figures.",
            "Choose an earlier day, or also give the last one with --to.",
        )
    return start, end


def _last_filled(engine: Engine) -> date:
    """The last day with rows written for any table."""
    built = engine.state().built.values()
    return max((day for days in built for day in days if day is not None), default=date.min)


def _selected(engine: Engine, graph: Graph, select: str) -> tuple[str, ...]:
    import dagster as dg  # noqa: PLC0415

    asset_graph = _definitions(engine, graph).resolve_asset_graph()
    try:
        keys = dg.AssetSelection.from_string(select).resolve(asset_graph)
    except (dg.DagsterError, ValueError) as error:
        raise UserError(
            f"{select!r} is not a valid asset selection: {error}",
            "For example: core/customers, group:campaigns, +key:marts/campaign_roas.",
        ) from error
    if not keys:
        raise UserError(f"{select!r} selects no assets.", "`ltv tables` lists the tables.")
    return tuple(sorted(".".join(key.path) for key in keys))


@lru_cache(maxsize=1)
def _definitions(engine: Engine, graph: Graph) -> "dg.Definitions":
    """The definitions on this engine, built once."""
    from ltv_platform.orchestration.build import build_definitions  # noqa: PLC0415

    return build_definitions(engine, graph, refreshes=_refreshes(engine, graph))


@lru_cache(maxsize=1)
def _refreshes(engine: Engine, graph: Graph) -> "Refreshes":
    """The work that its steps share."""
    from ltv_platform.orchestration.refreshes import Refreshes  # noqa: PLC0415

    return Refreshes(engine, graph)


def _execute(
    engine: Engine,
    graph: Graph,
    assets: Sequence[str] | None,
    tags: Mapping[str, str],
    progress: Progress,
) -> Refreshed:
    """Execute a run in this process; None: all assets."""
    from ltv_platform.alerts import Alerts, RunFailed  # noqa: PLC0415
    from ltv_platform.orchestration.assets import asset_key  # noqa: PLC0415
    from ltv_platform.orchestration.checks import check_messages  # noqa: PLC0415
    from ltv_platform.orchestration.jobs import REFRESH  # noqa: PLC0415
    from ltv_platform.orchestration.resources import FOREGROUND_TAG, PROCESS_TAG  # noqa: PLC0415

    prepare_dagster_home(engine.settings)
    with _instance(engine.settings) as instance:
        run_id = str(uuid.uuid4())
        instance.add_event_listener(run_id, _listener(progress))
        result = (
            _definitions(engine, graph)
            .resolve_job_def(REFRESH)
            .execute_in_process(
                instance=instance,
                run_id=run_id,
                asset_selection=None if assets is None else [asset_key(name) for name in assets],
                tags={FOREGROUND_TAG: "yes", PROCESS_TAG: str(os.getpid()), **tags},
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                raise_on_error=False,
            )
        )
        if not result.success:
            raise UserError(
                f"Run {result.run_id[:8]} failed. {_why(result)}",
                "Tables that were not rebuilt stay stale. Fix the cause and run `ltv run` again; "
                "`ltv ui` shows the run.",
            )
        if assets is None:  # otherwise steps that failed before may be missing
            Alerts(engine.settings).resolve(RunFailed.kind, REFRESH, f"{REFRESH}/")
        return Refreshed(changed=True, messages=check_messages(result))


@contextmanager
def _instance(settings: Settings) -> "Iterator[dg.DagsterInstance]":
    """Dagster's instance; runs of killed processes are reported as failed first.

    The caller is the only one that executes runs in the foreground (``locks.one_run``), so others
    that Dagster shows as running have lost their process.
    """
    import dagster as dg  # noqa: PLC0415 - half a second that a refresh with nothing to do saves

    from ltv_platform.orchestration.resources import FOREGROUND_TAG  # noqa: PLC0415

    try:
        with dg.DagsterInstance.from_config(str(settings.dagster_path)) as instance:
            under_way = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
            lost = dg.RunsFilter(statuses=under_way, tags={FOREGROUND_TAG: "yes"})
            for run in instance.get_runs(lost):
                if run.parent_run_id is not None:  # re-executed from the UI, with its tags
                    continue
                instance.report_run_failed(run, "The process that ran it was killed.")
            yield instance
    except storage_errors(settings) as error:
        cause = getattr(error, "orig", None) or error.__cause__ or error
        raise UserError(
            f"Dagster cannot write its history ({settings.dagster_path}): {cause}.",
            "Check that the disk has free space, that LTV_HOME is writable, and that PostgreSQL "
            "answers if it stores the history; then run it again.",
        ) from error


def _why(result: "dg.ExecuteInProcessResult") -> str:
    """The error of the first failed step, without traceback, and the messages of failed checks."""
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
            failure = event.step_failure_data.user_failure_data
            cause = error.cause or error
            # Without the name of the Python exception class.
            message = (failure and failure.description) or re.sub(
                r"^[\w.]+: ", "", cause.message.strip()
            )
            return f"{event.step_key}: {message}"
    return "See its log."


def _listener(progress: Progress) -> "Callable[[dg.EventLogEntry], None]":
    """A listener that reports each table to progress."""

    def tell(entry: "dg.EventLogEntry") -> None:
        event = entry.dagster_event
        if event is None and entry.level == logging.INFO:
            progress(entry.user_message)
        elif event is not None and event.is_step_start:
            progress(f"building {event.step_key}")

    return tell
