"""The platform itself, called as its runs call it."""

from benchmarks import data
from benchmarks.homes import open_home
from benchmarks.processes import Stopwatch
from ltv_platform.build import build_table
from ltv_platform.contracts.ddl import literal
from ltv_platform.days import days_between


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
