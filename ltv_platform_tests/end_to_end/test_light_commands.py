"""Commands load only what they need: if nothing is stale, nothing is loaded."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from ltv_platform.assets import build_graph
from ltv_platform.orchestration.foreground import bring_up_to_date
from ltv_platform.settings import load_settings
from ltv_platform.warehouse.duckdb.connection import open_warehouse
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine
from ltv_platform_tests.testing.command_line import CommandLine
from ltv_platform_tests.testing.forked import NOW

pytestmark = pytest.mark.slow(60)

#: What takes a tenth of a second or more to load, or comes with much that does.
HEAVY = {
    "dagster",
    "duckdb",
    "jinja2",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "requests",
    "scipy",
    "sqlglot",
}


@pytest.fixture(scope="module")
def built(fresh_homes: Callable[[], CommandLine]) -> CommandLine:
    """A home in which nothing is stale."""
    ltv = fresh_homes()
    customers = ltv.home.parent / "customers.csv"
    customers.write_text("customer_id,registration_date\na,2026-01-02 10:00:00\n", "utf-8")
    assert ltv("ingest", "customers", customers).code == 0
    answer = ltv("run")
    assert answer.code == 0, answer.err
    return ltv


def _loaded(ltv: CommandLine, *arguments: str | Path) -> tuple[set[str], str]:
    """Which of the heavy packages a command loads, and what it says."""
    finished = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ltv_platform.cli", *map(str, arguments)],
        env=ltv.environment(),
        cwd=ltv.home.parent,
        capture_output=True,
        text=True,
        timeout=1_800,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    imported, said = set(), [finished.stdout]
    for line in finished.stderr.splitlines():
        if line.startswith("import time:"):
            imported.add(line.rpartition("|")[2].strip().partition(".")[0])
        else:
            said.append(line)
    assert "typer" in imported
    return imported & HEAVY, "\n".join(said)


@pytest.mark.parametrize(
    ("arguments", "needed", "says"),
    [
        (["--help"], set(), "Usage"),
        (["tables"], {"pydantic"}, "customer_ltv"),
        (["query", "SELECT 42 AS answer"], {"pydantic", "duckdb"}, "42"),
        (["run"], {"pydantic", "duckdb"}, "Nothing is stale."),
    ],
)
def test_a_command_loads_what_it_needs(
    built: CommandLine, arguments: list[str], needed: set[str], says: str
) -> None:
    """Neither Dagster nor the parser of SQL where there is nothing to build."""
    loaded, said = _loaded(built, *arguments)
    assert says in said
    assert loaded == needed


def test_a_small_file_is_loaded_without_the_tables(built: CommandLine, tmp_path: Path) -> None:
    """A load does not need to know how tables are made; numpy reads the bytes of the file."""
    file = tmp_path / "campaigns.csv"
    file.write_text("campaign_id,campaign_name\nc1,Winter\n", "utf-8")
    ltv = CommandLine(shutil.copytree(built.home, tmp_path / "home"))
    loaded, said = _loaded(ltv, "ingest", "campaigns", file)
    assert "`ltv run` brings the figures up to date." in said
    assert loaded == {"pydantic", "duckdb", "numpy"}


def test_without_what_was_kept_it_is_found_out_again(built: CommandLine, tmp_path: Path) -> None:
    """LTV_HOME/cache may be deleted: the next command takes a second longer, once."""
    ltv = CommandLine(shutil.copytree(built.home, tmp_path / "home"))
    shutil.rmtree(ltv.home / "cache")
    first, said = _loaded(ltv, "run")
    assert "Nothing is stale." in said
    assert first == {"pydantic", "duckdb", "sqlglot", "jinja2"}
    second, said = _loaded(ltv, "run")
    assert "Nothing is stale." in said
    assert second == {"pydantic", "duckdb"}


def test_one_look_tells_that_nothing_is_stale(built: CommandLine) -> None:
    """To open the warehouse takes longer than to ask it."""
    settings = load_settings(home=built.home, now=NOW)
    graph = build_graph(settings)
    opened = []

    @contextmanager
    def connect() -> Iterator[duckdb.DuckDBPyConnection]:
        with open_warehouse(settings) as connection:
            opened.append(1)
            yield connection

    engine = DuckDBEngine(settings, graph.catalog, connect)
    assert not bring_up_to_date(engine, graph, lambda _: None).changed
    assert len(opened) == 1
