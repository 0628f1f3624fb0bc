"""The platform itself, called as its runs call it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks import data
from benchmarks.contenders.counted import COUNTED, OTHERS
from benchmarks.contenders.loaded import fingerprint
from benchmarks.contenders.published import inodes, written_and_linked
from benchmarks.homes import build, embedded, open_home, under
from benchmarks.processes import ContenderError, Stopwatch
from ltv_platform import checks
from ltv_platform.contracts.ddl import literal
from ltv_platform.days import days_between
from ltv_platform.ingestion.load import Request
from ltv_platform.ingestion.load import ingest as load_files
from ltv_platform.ingestion.rows.start_date import read_start
from ltv_platform.published import snapshot
from ltv_platform.published.current import current_snapshot
from ltv_platform.published.query import query
from ltv_platform.refresh.build import build_table
from ltv_platform.settings import Settings
from ltv_platform.warehouse import planner


def cohorts(watch: Stopwatch, home: str, last: int, result: str, memory_limit: str = "") -> None:
    """Rewrite all days of marts.campaign_ltv."""
    workspace = open_home(home, last, memory_limit=memory_limit)
    engine, transform = workspace.engine, workspace.graph["marts.campaign_ltv"]
    engine.prepare()
    with watch.step("write"):
        build_table(engine, transform, days_between(data.START, data.day(last)))
    with embedded(workspace).session() as connection:
        connection.execute(
            # Other contenders do not count revenue that waits for a rate.
            "COPY (SELECT * EXCLUDE (waits_from_age) FROM marts.campaign_ltv) "
            f"TO {literal(result)} (FORMAT parquet)"
        ).fetchall()


def ingest(
    watch: Stopwatch,
    file: str,
    home: str,
    last: int,
    *,
    log: str | None = None,
    adapter: str | None = None,
) -> Mapping[str, str]:
    """Validate a file of transactions and append it to a log, empty or a copy of that home's."""
    shutil.rmtree(home, ignore_errors=True)
    if log is not None:
        shutil.copytree(log, home)
    workspace = open_home(home, last)
    engine = embedded(workspace)
    engine.prepare()
    with watch.step("load"):
        [outcome] = load_files(engine, [Request("transactions", Path(file), adapter)])
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
    before = inodes(current_snapshot(settings))
    with watch.step("publish"):
        published = snapshot.publish(workspace.engine, workspace.graph)
    return written_and_linked(published, before)


def bring_up_to_date(
    watch: Stopwatch, home: str, last: int, horizons: list[int] | None = None
) -> None:
    """Build what is stale under those horizons, and publish it from nothing."""
    build(watch, home, last, horizons)
    workspace = open_home(home, last, **under(horizons))
    shutil.rmtree(workspace.settings.published_path, ignore_errors=True)
    snapshot.publish(workspace.engine, workspace.graph)


def new_day(
    watch: Stopwatch, home: str, folder: str, last: int, horizons: list[int] | None = None
) -> Mapping[str, object]:
    """Ingest a day's files, then bring everything up to date and publish it, step by step.

    The steps are those of a run, one after the other in one process, without Dagster: the
    state is read and planned, each stale table is built, blocking checks are evaluated over
    the days of the run, the snapshot is published. As in a run, a table and the check of its
    key share one connection, and so do the statements of another check.

    Args:
        watch: Times the steps; all but ``ingest`` and :data:`OTHERS` is warehouse time.
        home: The home.
        folder: A CSV file per source.
        last: Number of the new day.
        horizons: Horizons of cohorts and users; the default ones if None.
    """
    workspace = open_home(home, last, **under(horizons))
    engine, graph, settings = workspace.engine, workspace.graph, workspace.settings
    files = [Request(path.stem, path) for path in sorted(Path(folder).glob("*.csv"))]
    with watch.step("ingest"):
        outcomes = load_files(engine, files)
    for outcome in outcomes:
        if outcome.error is not None or outcome.counts is None or outcome.counts.rows_quarantined:
            raise ContenderError(f"{outcome.request.path} was not loaded whole: {outcome.error}")
    with watch.step("planner"):
        stale = planner.plan(graph, engine.state(), read_start(settings), settings.today())
    days_written = {}
    for transform in graph.transforms:
        if transform.name not in stale.assets:
            continue
        written = stale.days.get(transform.name)
        days_written[transform.name] = len(written or ())
        counts = transform.name in COUNTED
        with ExitStack() as connection:
            with watch.step(transform.name if counts else OTHERS):
                connection.enter_context(engine.hold())
                build_table(engine, transform, written)
            with watch.step("checks" if counts else OTHERS):
                _must_hold(checks.unique_key(engine, transform.contract, written))
                connection.close()
    for check in checks.table_checks(settings):
        if check.blocking:
            counts = check.table in COUNTED
            with watch.step("checks" if counts else OTHERS), engine.hold():
                _must_hold(check.run(engine))
    before = inodes(current_snapshot(settings))
    with watch.step("publish"):
        published = snapshot.publish(engine, graph)
    return {
        "rows_loaded": sum(outcome.counts.rows_accepted for outcome in outcomes if outcome.counts),
        "days_written": days_written,
        "totals": totals(settings),
        **written_and_linked(published, before),
    }


def _must_hold(outcome: checks.CheckOutcome) -> None:
    if not outcome.passed:
        raise ContenderError(outcome.description)


def totals(settings: Settings) -> list[str]:
    """What the published snapshot says, to be compared with the rows as they came."""
    _, rows = query(settings, "SELECT SUM(installs), SUM(revenue_to_date) FROM campaign_ltv")
    return [str(value) for value in rows[0]]


def run(watch: Stopwatch, home: str, last: int) -> None:
    """``ltv run`` as a person starts it: a process, imports, Dagster, the work, the report."""
    settings = open_home(home, last).settings
    with watch.step("ltv run"):
        command_line(settings, "run")


def command_line(settings: Settings, *arguments: str) -> str:
    """What an ``ltv`` command says; its home and clock are those of the settings."""
    assert settings.now is not None
    environment = {
        **os.environ,
        "LTV_HOME": str(settings.home),
        "LTV_NOW": settings.now.isoformat(),
        "LTV_START_DATE": "" if settings.start_date is None else str(settings.start_date),
    }
    finished = subprocess.run(
        [sys.executable, "-m", "ltv_platform.cli", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise ContenderError(f"ltv {' '.join(arguments)}: {finished.stdout}{finished.stderr}")
    return finished.stdout


def ingest_day(watch: Stopwatch, home: str, folder: str, last: int) -> None:
    """Ingest a day's files and nothing else."""
    files = [Request(path.stem, path) for path in sorted(Path(folder).glob("*.csv"))]
    with watch.step("ingest"):
        load_files(open_home(home, last).engine, files)


def end_to_end(watch: Stopwatch, files: str, home: str, last: int) -> Mapping[str, list[str]]:
    """Three commands in a fresh home: load what waits in landing, run, ask."""
    # With a given start each file is loaded separately; otherwise all would be staged to settle it.
    settings = open_home(home, last, start_date=data.START).settings
    shutil.rmtree(home, ignore_errors=True)
    for file in Path(files).glob("*.csv"):
        folder = settings.landing_path / file.stem
        folder.mkdir(parents=True)
        os.link(file, folder / file.name)
    with watch.step("ltv ingest"):
        command_line(settings, "ingest")
    with watch.step("ltv run"):
        command_line(settings, "run")
    sql = "SELECT SUM(installs) AS installs, SUM(revenue_to_date) AS revenue FROM campaign_ltv"
    with watch.step("ltv query"):
        command_line(settings, "query", sql)
    seen = totals(settings)
    shutil.rmtree(home)
    return {"totals": seen}
