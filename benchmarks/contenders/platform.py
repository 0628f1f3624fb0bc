"""The platform itself, called as its runs call it."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from benchmarks import data
from benchmarks.contenders.loaded import fingerprint
from benchmarks.contenders.published import inodes, written_and_linked
from benchmarks.homes import open_home
from benchmarks.processes import ContenderError, Stopwatch
from ltv_platform import checks
from ltv_platform.build import build_table
from ltv_platform.contracts.ddl import literal
from ltv_platform.days import days_between
from ltv_platform.ingestion.load import Request
from ltv_platform.ingestion.load import ingest as load_files
from ltv_platform.ingestion.start_date import read_start
from ltv_platform.warehouse import planner, snapshot
from ltv_platform.warehouse.query import query
from ltv_platform.workspace import Workspace


def cohorts(watch: Stopwatch, home: str, last: int, result: str) -> None:
    """Write all days of marts.campaign_ltv anew."""
    workspace = open_home(home, last)
    engine, transform = workspace.engine, workspace.graph["marts.campaign_ltv"]
    engine.prepare()
    with watch.step("write"):
        build_table(engine, transform, days_between(data.START, data.day(last)))
    with engine.session() as connection:
        connection.execute(
            f"COPY marts.campaign_ltv TO {literal(result)} (FORMAT parquet)"
        ).fetchall()


def ingest(
    watch: Stopwatch, file: str, home: str, last: int, log: str | None = None
) -> Mapping[str, str]:
    """Validate a file of transactions and append it to a log, empty or a copy of that home's."""
    shutil.rmtree(home, ignore_errors=True)
    if log is not None:
        shutil.copytree(log, home)
    workspace = open_home(home, last)
    engine = workspace.engine
    engine.prepare()
    with watch.step("load"):
        [outcome] = load_files(engine, [Request("transactions", Path(file))])
    if outcome.error is not None or outcome.counts is None:
        raise ContenderError(f"{file} was rejected: {outcome.error}")
    with engine.session() as connection:
        where = f"load_id = {literal(outcome.counts.load_id)}"
        seen = fingerprint(connection, "raw.transactions", where)
    shutil.rmtree(home)
    return seen


def publish(watch: Stopwatch, home: str, last: int, anew: bool) -> Mapping[str, int]:
    """Publish a built home, from nothing or on top of what is published."""
    workspace = open_home(home, last)
    settings = workspace.settings
    if anew:
        shutil.rmtree(settings.published_path, ignore_errors=True)
    before = inodes(snapshot.current_snapshot(settings))
    with watch.step("publish"):
        published = snapshot.publish(workspace.engine, workspace.graph)
    return written_and_linked(published, before)


def new_day(
    watch: Stopwatch, home: str, folder: str, last: int, horizons: list[int] | None = None
) -> Mapping[str, object]:
    """Ingest a day's files, then bring everything up to date and publish it, step by step.

    The steps are those of a run, one after the other in one process, without Dagster: the
    state is read and planned, each stale table is built, blocking checks are evaluated over
    the days of the run, the snapshot is published.

    Args:
        watch: Times the steps; what is no warehouse time is named in ``NO_WAREHOUSE_TIME``.
        home: The home.
        folder: A CSV file per source.
        last: Number of the new day.
        horizons: Horizons of cohorts and users; the default ones if None.
    """
    chosen = {} if horizons is None else {"horizons": horizons, "user_horizons": (7,)}
    workspace = open_home(home, last, **chosen)
    engine, graph, settings = workspace.engine, workspace.graph, workspace.settings
    files = [Request(path.stem, path) for path in sorted(Path(folder).glob("*.csv"))]
    with watch.step("ingest"):
        outcomes = load_files(engine, files)
    for outcome in outcomes:
        if outcome.error is not None or outcome.counts is None or outcome.counts.rows_quarantined:
            raise ContenderError(f"{outcome.request.path} was not loaded whole: {outcome.error}")
    with watch.step("planner"):
        stale = planner.plan(graph, engine.state(), read_start(settings), settings.today())
        [run] = planner.run_ranges(stale)
    days_written = {}
    for transform in graph.transforms:
        if transform.name not in stale.assets:
            continue
        with watch.step(transform.name):
            build_table(engine, transform, stale.days.get(transform.name))
        days_written[transform.name] = len(stale.days.get(transform.name, ()))
        with watch.step("checks"):
            partitioned = transform.contract.partition is not None
            span = (run.start, run.end) if partitioned else (None, None)
            _must_hold(checks.unique_key(engine, transform.contract, *span))
    with watch.step("checks"):
        for check in checks.table_checks(settings):
            if check.blocking:
                _must_hold(check.run(engine))
    before = inodes(snapshot.current_snapshot(settings))
    with watch.step("publish"):
        published = snapshot.publish(engine, graph)
    rows = sum(outcome.counts.rows_accepted for outcome in outcomes if outcome.counts)
    return {
        "rows_loaded": rows,
        "days_written": days_written,
        "check": _totals(workspace),
        **written_and_linked(published, before),
    }


def _must_hold(outcome: checks.CheckOutcome) -> None:
    if not outcome.passed:
        raise ContenderError(outcome.description)


def _totals(workspace: Workspace) -> list[str]:
    """What the published snapshot says, to be compared with the rows themselves."""
    _, rows = query(
        workspace.settings,
        "SELECT SUM(installs), SUM(revenue_to_date) FROM campaign_ltv",
    )
    return [str(value) for value in rows[0]]
