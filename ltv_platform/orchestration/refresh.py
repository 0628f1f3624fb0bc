"""Bringing everything up to date in the foreground: load, plan, run, publish.

The same runs that Dagster's daemon would launch, in this process; they appear in the UI.
"""

import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from pathlib import Path

from ltv_platform.errors import UserError
from ltv_platform.ingestion.start_date import read_start
from ltv_platform.settings import Settings
from ltv_platform.transforms import Graph
from ltv_platform.warehouse import planner, snapshot
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine
from ltv_platform.warehouse.engine import State

Progress = Callable[[str], None]

_PUBLISH = (snapshot.ASSET, "publish.ltv_report")


@dataclass(frozen=True)
class RunOutcome:
    """One Dagster run.

    Attributes:
        run_id: Its id in the UI.
        assets: The assets that it materialized.
        start: First day of its partitioned assets.
        end: Last day.
    """

    run_id: str
    assets: tuple[str, ...]
    start: date | None
    end: date | None


def stale_runs(engine: DuckDBEngine, graph: Graph) -> list[planner.RunRange]:
    """The runs that bring everything up to date; none when nothing is stale."""
    settings = engine.settings
    state = engine.state()
    stale = planner.plan(graph, state, read_start(settings), settings.today())
    runs = planner.run_ranges(stale)
    others = _stale_sources(graph, state)
    if stale.assets or snapshot.is_stale(graph, state, settings):
        others += _PUBLISH
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
        if max(state.touched.get(name, {}).values(), default=0)
        > planner.newest_write(state, name)
    )


def all_of(graph: Graph, settings: Settings, engine: DuckDBEngine) -> planner.RunRange:
    """Everything, over all days up to as_of."""
    start = read_start(settings)
    as_of = engine.as_of().day
    end = None if as_of is None or start is None else max(start, min(as_of, settings.today()))
    sources = (source.log.full_name for source in graph.catalog.sources.values())
    tables = (transform.name for transform in graph.transforms)
    return planner.RunRange((*sources, *tables, *_PUBLISH), start if end else None, end)


def execute(
    settings: Settings,
    graph: Graph,
    runs: Sequence[planner.RunRange],
    progress: Progress,
    *,
    only_stale: bool,
) -> list[RunOutcome]:
    """Execute runs one after the other.

    Args:
        settings: The settings.
        graph: The tables.
        runs: What to materialize, over which days.
        progress: Told of every step.
        only_stale: Each asset rewrites only its own stale days of the range.

    Raises:
        UserError: a run failed; the message holds the failed step's error and the run's id.
    """
    # Dagster takes half a second to import; a refresh with nothing to do needs none of it.
    import dagster as dg  # noqa: PLC0415

    from ltv_platform.definitions import build_definitions  # noqa: PLC0415
    from ltv_platform.orchestration.assets import asset_key  # noqa: PLC0415
    from ltv_platform.orchestration.io_manager import REFRESH_TAG  # noqa: PLC0415
    from ltv_platform.orchestration.partitions import RANGE_END, RANGE_START  # noqa: PLC0415

    outcomes = []
    with dagster_instance(settings) as instance, _heard(progress):
        job = build_definitions(settings).resolve_job_def("refresh")
        for run in runs:
            partitioned = {t.name for t in graph.transforms if t.contract.partition is not None}
            assets = tuple(
                name for name in run.assets if run.start is not None or name not in partitioned
            )
            tags = {REFRESH_TAG: "stale"} if only_stale else {}
            if run.start is not None and run.end is not None:
                tags |= {RANGE_START: run.start.isoformat(), RANGE_END: run.end.isoformat()}
            result = job.execute_in_process(
                instance=instance,
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
            outcomes.append(RunOutcome(result.run_id, assets, run.start, run.end))
    assert isinstance(dg.__version__, str)
    return outcomes


@contextmanager
def dagster_instance(settings: Settings) -> Iterator[object]:
    """The Dagster instance of ``LTV_HOME/dagster``."""
    import dagster as dg  # noqa: PLC0415

    prepare_dagster_home(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_path)) as instance:
        yield instance


def prepare_dagster_home(settings: Settings) -> Path:
    """Make DAGSTER_HOME with the shipped configuration, unless the user has one there."""
    home = settings.dagster_path
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        packaged = files("ltv_platform") / "orchestration" / "dagster.yaml"
        source = (
            packaged if packaged.is_file() else Path(__file__).resolve().parents[2] / "dagster.yaml"
        )
        (home / "dagster.yaml").write_text(source.read_text("utf-8"), "utf-8")
    return home
