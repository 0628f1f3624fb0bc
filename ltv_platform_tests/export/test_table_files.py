"""Published tables as Parquet and CSV, for programs and for spreadsheets."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from ltv_platform_tests.testing.command_line import CommandLine

_FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", " =1", "＝1+1")
_HARMLESS = ("Brand", "-5", "+49.5", "a=b", "'quoted'", 'line\nend, and a "quote"')


@pytest.fixture(scope="module")
def home(fresh_homes: Callable[[], CommandLine]) -> CommandLine:
    """Campaigns whose names a spreadsheet would run, and others."""
    ltv = fresh_homes()
    files = {
        "campaigns": [["campaign_id", "campaign_name"]]
        + [[f"k{n}", name] for n, name in enumerate((*_FORMULAS, *_HARMLESS))],
        "campaign_costs": [
            ["campaign_id", "date", "country", "cost"],
            ["k1", "2025-12-01", "US", "1.5"],
        ],
        "customers": [["customer_id", "registration_date", "campaign_id"]]
        + [[f"c{n}", "2025-12-01", f"k{n}"] for n in range(len((*_FORMULAS, *_HARMLESS)))],
        "transactions": [
            ["transaction_id", "customer_id", "transaction_date", "amount", "is_refund"],
            ["t", "c1", "2025-12-02", "5", "1"],
            ["bad", "c1", "2025-13-02", "5", "1"],
        ],
    }
    for table, rows in files.items():
        path = ltv.home.parent / f"{table}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        assert ltv("ingest", table, path).code == 0
    assert ltv("run").code == 0
    return ltv


def _names(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row["campaign_name"] for row in csv.DictReader(file)]


def test_no_spreadsheet_runs_what_stands_in_data(home: CommandLine, tmp_path: Path) -> None:
    """A formula in a campaign's name begins with an apostrophe; other texts are as they came."""
    answer = home("export", "--csv", tmp_path / "out", "--tables", "campaign_summary")
    assert answer.code == 0, answer.err
    names = _names(tmp_path / "out" / "campaign_summary.csv")
    for name in _FORMULAS:
        kept = name if f"'{name}" in names else name.strip()
        assert f"'{kept}" in names
    for name in _HARMLESS:
        assert name in names
    assert not [name for name in names if name.lstrip()[0] in "=@＝"]


def test_numbers_stay_numbers(home: CommandLine, tmp_path: Path) -> None:
    """A negative number is not a formula; lists are JSON, NULL is empty."""
    home("export", "--csv", tmp_path / "out", "--tables", "campaign_ltv, quarantine")
    with (tmp_path / "out" / "campaign_ltv.csv").open(encoding="utf-8", newline="") as file:
        values = [value for row in csv.DictReader(file) for value in row.values()]
    assert [value for value in values if value.startswith("-")] != []
    assert all(float(value) < 0 for value in values if value.startswith("-"))
    assert not [value for value in values if value.startswith("'")]
    with (tmp_path / "out" / "quarantine.csv").open(encoding="utf-8", newline="") as file:
        [row] = csv.DictReader(file)
    assert json.loads(row["reasons"])
    assert json.loads(row["raw"])["transaction_id"] == "bad"


def test_parquet_holds_what_is_published(home: CommandLine, tmp_path: Path) -> None:
    """All tables, with their types and texts as they came; a second export replaces the first."""
    out = tmp_path / "out"
    for _ in range(2):
        answer = home("export", "--parquet", out, "--format", "json")
        assert answer.code == 0, answer.err
    rows = {each["table"]: each["rows"] for each in json.loads(answer.out)}
    assert {path.name for path in out.iterdir()} == {*(f"{t}.parquet" for t in rows), "export.json"}
    assert rows["campaign_summary"] == len(_FORMULAS) + len(_HARMLESS)
    listed = json.loads(home("tables", "--format", "json").out)
    assert rows == {each["table"]: each["rows"] for each in listed}
    told = json.loads((out / "export.json").read_text("utf-8"))
    assert told["tables"] == rows
    described = duckdb.execute(f"DESCRIBE FROM '{out}/campaign_roas.parquet'").fetchall()
    kinds = {name: kind for name, kind, *_ in described}
    assert (kinds["install_date"], kinds["installs"]) == ("DATE", "BIGINT")
    assert kinds["spend"].startswith("DECIMAL")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Give one of --parquet, --csv and --sqlite"),
        (["--parquet", "a", "--csv", "b"], "Give one of --parquet, --csv and --sqlite"),
        (["--csv", "{full}"], "is not empty and is not an export of this platform"),
        (["--csv", "{file}"], "is not a folder"),
        (["--csv", "{home}/published/x"], "is inside LTV_HOME"),
        (["--csv", "new", "--tables", "campaign_ros"], "Did you mean campaign_roas?"),
        (["--sqlite", "x.db", "--tables", "loads"], "always writes the same tables"),
    ],
)
def test_what_must_not_be_written_is_said(
    home: CommandLine, tmp_path: Path, arguments: list[str], words: str
) -> None:
    """Exit 2, and nothing that was there is lost."""
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    places = {"full": full, "file": full / "mine.txt", "home": home.home}
    answer = home("export", *(each.format(**places) for each in arguments))
    assert answer.code == 2
    assert words in answer.err
    assert [path.name for path in full.iterdir()] == ["mine.txt"]
    if words.startswith("is not empty"):
        assert home("export", "--csv", full, "--overwrite").code == 0
        assert (full / "mine.txt").read_text() == "mine"
