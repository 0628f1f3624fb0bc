"""Benchmarks at a tiny scale: results must agree; times are not asserted."""

import json
import os
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from benchmarks import __main__ as command_line
from benchmarks import child, cohorts, customers, ingest, page, processes, publish, refresh, serving
from benchmarks.bench import Bench
from benchmarks.compare import same_rows
from benchmarks.contenders import sparse
from benchmarks.contenders.customers import BARE
from benchmarks.data import SOURCES, Scale, select
from benchmarks.processes import Call, ContenderError, Stopwatch, measure
from benchmarks.results import save, show
from ltv_platform_tests.testing.forked import run_forked

pytestmark = pytest.mark.slow(90)

SCALE = Scale(0.2)
DAYS = 12
_RUN = processes._run


def _contend(request: str, environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    child.main(json.loads(request))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """For processes that start at once: the memory of each does not matter here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "_run", lambda *of_it: run_forked(_contend, *of_it))
        yield Bench(SCALE, 1, DAYS, tmp_path_factory.mktemp("bench"), dagster=False)


def test_every_contender_gives_the_same_and_the_page_shows_it(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A disagreement would raise ContenderError; what is not measured is shown as such."""
    results = [module.run(bench) for module in (ingest, cohorts, publish, refresh)]
    for result in results:
        show(result)
    assert "one statement by hand" in capsys.readouterr().out
    cohort_table = results[1]
    assert {row.name for row in cohort_table.rows} >= {"one statement by hand", "ltv-platform"}
    [unchanged] = results[2].gates
    assert (unchanged.seen, unchanged.holds) == (0, True)
    assert [row.name for row in results[3].rows] == [
        "12 days, horizons to 365",
        "12 days, horizons to 7",
        "24 days, horizons to 365",
    ]

    save(tmp_path / "figures.json", 0.2, results)
    text = "Ours.\n<!-- begin: gates -->\nstale\n<!-- end: gates -->\n"
    text += "<!-- begin: end_to_end -->\n<!-- end: end_to_end -->\n"
    (tmp_path / "page.md").write_text(text, "utf-8")
    for _ in range(2):  # the second time changes nothing
        page.render(page.read(tmp_path / "figures.json"), tmp_path / "page.md")
    made = (tmp_path / "page.md").read_text("utf-8")
    assert made.startswith("Ours.\n<!-- begin: gates -->\n| gate | limit | seen |")
    assert "| bytes of tables copied when nothing changed | ≤ 0 B | 0 B | yes | 0.2 |" in made
    assert "stale" not in made
    assert made.count("Not measured yet.") == 1


def test_customer_tables_stand_beside_bare_statements(bench: Bench) -> None:
    """Totals are checked in the run; every table has its statement, and the fit its gate."""
    result = customers.run(bench)
    assert [row.name for row in result.rows][:2] == ["ltv-platform", "bare group-bys and joins"]
    assert result.rows[0].steps.keys() == result.rows[1].steps.keys() == BARE.keys()
    assert {gate.unit for gate in result.gates} >= {"x", "bytes", "s"}


def test_pipes_stand_beside_bare_statements(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both answer as many rows; over HTTP, nothing fails while snapshots change."""
    monkeypatch.setattr(serving, "_SECONDS", 1.0)
    result = serving.run(bench)
    assert [row.name for row in result.rows] == [*("bare statements", "pipes", "pipes over HTTP")]
    assert result.rows[2].facts["requests"] > 10
    assert result.rows[2].facts["errors"] == 0


def test_the_page_of_the_project_has_no_unknown_part(tmp_path: Path) -> None:
    """A misspelt marker would never be filled."""
    project = Path(command_line.__file__).parents[1]
    copy = tmp_path / "performance.md"
    copy.write_text((project / "docs" / "performance.md").read_text("utf-8"), "utf-8")
    page.render(page.read(project / "docs" / "performance" / "figures.json"), copy)
    assert copy.read_text("utf-8") == (project / "docs" / "performance.md").read_text("utf-8")


@pytest.mark.parametrize("source", SOURCES)
def test_a_longer_history_has_the_shorter_as_its_beginning(source: str) -> None:
    """Else history and new days would not be those of one population."""
    with duckdb.connect() as connection:
        whole, first, rest = (
            connection.sql(select(source, SCALE, *span)).fetchall()
            for span in ((0, 1), (0, 0), (1, 1))
        )
    if source == "campaigns":
        assert whole == first == rest
    else:
        assert whole == [*first, *rest]
        assert first


@pytest.mark.parametrize(
    ("theirs", "message"),
    [
        ("SELECT 1 AS k, 2500000 AS m", None),
        (
            "SELECT 1 AS k, 2500001 AS m",
            "ours and theirs differ, first at {'k': 1}: m 2500000 ≠ 2500001",
        ),
        (
            "SELECT 2 AS k, 2500000 AS m",
            "ours and theirs differ, first at {'k': 1}: k 1 ≠ None, m 2500000 ≠ None",
        ),
        ("SELECT 1 AS k, 2500000 AS m UNION ALL SELECT 1, 2500000", "ours gives 1 rows, theirs 2"),
        ("SELECT 1 AS k, 2500000 AS m, 0 AS x", "theirs has other columns: ['x']"),
    ],
)
def test_a_difference_is_seen(tmp_path: Path, theirs: str, message: str | None) -> None:
    """No time is printed for another result, be it off by a millionth."""
    ours = "SELECT 1 AS k, CAST(2.5 AS DECIMAL(18,6)) AS m"
    files = [str(tmp_path / name) for name in ("ours.parquet", "theirs.parquet")]
    with duckdb.connect() as connection:
        for sql, file in zip((ours, theirs), files, strict=True):
            connection.execute(f"COPY ({sql}) TO '{file}' (FORMAT parquet)").fetchall()
    if message is None:
        assert same_rows(Stopwatch(), ["ours", "theirs"], files, ["k"], ["m"]) == {"rows": 1}
        return
    with pytest.raises(ContenderError) as error:
        same_rows(Stopwatch(), ["ours", "theirs"], files, ["k"], ["m"])
    assert str(error.value).startswith(message)


def test_few_rows_are_the_same_over_any_days() -> None:
    """3,187 rows as of a small shop; only their days differ, and none is a repetition."""
    for days in (30, 2_190):
        start = date(2026, 11, 29) - timedelta(days=days - 1)
        tables = sparse.rows_of(start, days)
        assert {table: len(rows) for table, (_, rows) in tables.items()} == {
            "customers": 637,
            "transactions": 1_913,
            "campaign_costs": 637,
        }
        for _, rows in tables.values():
            assert len(set(rows)) == len(rows)
        moments = [row[2] for row in tables["transactions"][1]]
        assert (min(moments), max(moments)) == (f"{start} 10:00:00", "2026-11-29 10:00:00")


def test_a_contender_that_fails_ends_the_run(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its traceback is printed by its own process, which is a new one as in every benchmark."""
    monkeypatch.setattr(processes, "_run", _RUN)
    with pytest.raises(ContenderError, match="compare:same_rows ended with exit code 1"):
        measure(Call("compare:same_rows", {"names": []}))
    assert "TypeError" in capfd.readouterr().err
