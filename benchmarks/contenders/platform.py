"""The platform itself, called as its runs call it."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from benchmarks import data
from benchmarks.contenders.loaded import fingerprint
from benchmarks.homes import open_home
from benchmarks.processes import ContenderError, Stopwatch
from ltv_platform.build import build_table
from ltv_platform.contracts.ddl import literal
from ltv_platform.days import days_between
from ltv_platform.ingestion.load import Request
from ltv_platform.ingestion.load import ingest as load_files


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
