"""Rows in a terminal of any width: no number, no date and no header is ever cut."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from rich.cells import cell_len

from ltv_platform.cli.tables import layout
from ltv_platform_tests.testing.command_line import CommandLine
from ltv_platform_tests.testing.forked import SAMPLE_NOW

_HASH = "10f950b564172396c39a42df858544a0d1c30619ac827ddbca337bc52959edd4"
_ROW = {
    "campaign_id": "google_de_performance_max",
    "install_date": date(2025, 12, 31),
    "loaded_at": datetime(2025, 12, 31, 23, 59, 1),
    "spend": Decimal("1234567.891"),
    "roas_d7": 0.0747,
    "share": 0.00219,
    "installs": 12345,
    "load_id": _HASH,
    "reasons": "date: '2025-13-45' is not a date such as 2023-01-15",
    "nothing": None,
    "name": "日本語の名前 と もう一つの名前",
}
_NEVER_CUT = ("2025-12-31", "2025-12-31 23:59:01", "1,234,567.89", "0.07", "0.0022", "12,345")


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 120, 200, 300])
@pytest.mark.parametrize("columns", [3, 5, 7, 9, 11])
def test_it_fits_and_nothing_is_cut(width: int, columns: int) -> None:
    """Numbers, dates and headers are never cut, at any width."""
    names, values = list(_ROW)[:columns], tuple(_ROW.values())[:columns]
    lines = list(layout(names, [values, values], width))
    assert max(map(cell_len, lines)) <= width
    words = "".join(" ".join(lines).split())
    for text in (*(_NEVER_CUT[: columns - 1]), *names):
        for piece in text.replace("_", "_ ").split():
            assert piece in words


def test_hashes_give_way_first() -> None:
    """Their first characters distinguish them; a name next to them is complete."""
    columns = ["load_id", "campaign", "rows"]
    shown = "\n".join(layout(columns, [(_HASH, "google_de_performance_max", 5)], 60))
    assert "google_de_performance_max" in shown
    assert f"{_HASH[:12]}" in shown
    assert "…" in shown
    assert _HASH in "\n".join(layout(columns, [(_HASH, "google_de_performance_max", 5)], 120))


def test_what_is_too_wide_is_shown_record_by_record() -> None:
    """The first query of the README printed an empty grid at 80 columns and at 200."""
    columns = [f"figure_{n}" for n in range(40)]
    lines = list(layout(columns, [tuple(range(1000, 1040)), tuple(range(40))], 80))
    assert lines[0].startswith("1 of 2 ─")
    assert lines[1].split() == ["figure_0", "1,000"]
    assert lines[41].startswith("2 of 2 ─")
    assert len(lines) == 82


def test_no_rows_have_a_header() -> None:
    """So that an empty answer is one."""
    assert list(layout(["kind", "key"], [], 80)) == ["kind  key", "────  ───"]


@pytest.fixture(scope="module")
def demo(fresh_homes: Callable[[], CommandLine]) -> CommandLine:
    """A home with the sample."""
    ltv = CommandLine(fresh_homes().home, {"now": SAMPLE_NOW})
    answer = ltv("demo")
    assert answer.code == 0, answer.err
    return ltv


@pytest.mark.parametrize(
    "command",
    [
        "query|SELECT * FROM country_roas ORDER BY rank",
        "query|FROM loads",
        "report|campaigns",
        "report|channels",
        "report|customers",
        "report|leadtech",
        "quarantine|list",
        "attribution|status",
        "alerts|list",
        "forecast|fit",
        "forecast|retention",
        "forecast|backtest",
        "tables",
        "doctor",
        "lineage|campaign_roas",
        "lineage|campaign_roas.spend|--uses",
        "erase|c1|--dry-run|--keep-out",
    ],
)
def test_every_command_fits_into_80_columns(
    demo: CommandLine, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is folded by the terminal, and no figure ends in dots."""
    monkeypatch.setenv("COLUMNS", "80")
    answer = demo(*command.split("|"))
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert lines
    assert max(map(cell_len, lines)) <= 80
    assert [line for line in lines if "…" in line and "load_id" not in answer.out] == []


def test_headers_of_a_load_are_whole(
    ltv: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were cut to ``quarantin…`` and ``transact…``."""
    monkeypatch.setenv("COLUMNS", "80")
    file = tmp_path / "transactions_of_the_last_day_of_december.csv"
    file.write_text("transaction_id,customer_id,transaction_date,amount\nt,c,2025-12-02,5\n")
    shown = ltv("ingest", "transactions", file).out
    header = shown.partition("─")[0].split()
    for word in ("file", "table", "skipped", "accepted", "quarantined", "repeated"):
        assert word in header
    assert " transactions " in shown
