"""Exports on the command line: recognized without a table, explained without being loaded."""

import json
from pathlib import Path

import pytest

from ltv_platform_tests.testing.command_line import CommandLine

ADS = (
    'Campaign report\nDay,Campaign,Cost\n2025-06-01,Brand,"$1,204.10"\n2025-06-02,Brand,$0.90\n'
    'Total: Account,,"$1,205.00"\n'
)


def test_an_export_needs_no_table(ltv: CommandLine, tmp_path: Path) -> None:
    """Explained, nothing is loaded; then one command loads it into the tables that it feeds."""
    file = tmp_path / "report.csv"
    file.write_text(ADS)
    explained = ltv("ingest", file, "--explain")
    assert explained.code == 0
    assert "Note: report.csv was recognized as a Google Ads report by day" in explained.err
    assert "campaign_costs  cost" in explained.out
    assert "1204.100000" in explained.out
    assert "report.csv would be loaded with adapter google_ads." in explained.err
    loaded = ltv("ingest", file)
    assert loaded.code == 0
    assert "nothing changed" not in loaded.err
    assert "line 5 matches the sum of the rows (1,205.00)" in loaded.err
    again = ltv("ingest", file)
    assert (again.code, again.err.count("nothing changed")) == (0, 2)


def test_explained_rows_are_an_answer_for_programs(ltv: CommandLine, tmp_path: Path) -> None:
    """As JSON, a row per column of the table, with what it is made of."""
    file = tmp_path / "campaigns.csv"
    file.write_text("campaign_id,campaign_name\nc1,One\n")
    rows = json.loads(ltv("ingest", file, "--explain", "--format", "json").out)
    assert [(row["column"], row["made of"], row["row 1"]) for row in rows] == [
        ("campaign_id", "campaign_id", "c1"),
        ("campaign_name", "campaign_name", "One"),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "There is no source table 'nothing'."),
        (["nothing.csv"], "nothing.csv does not exist."),
        (["customers"], "No file given for customers."),
        (["--explain"], "No file given."),
        (["report.csv", "--option", "dates"], "--option 'dates' has no value."),
        (["report.csv", "--option", "dates=American"], "dates cannot be 'American'."),
        (["report.csv", "--option", "revenue=net"], "Adapter google_ads has no option 'revenue'."),
        (["report.csv", "--sheet", "May"], "is not a workbook, so it has no sheets."),
        (["transactions", "report.csv"], "It looks like a Google Ads report by day."),
    ],
)
def test_what_cannot_be_meant(
    ltv: CommandLine, tmp_path: Path, arguments: list[str], message: str
) -> None:
    """Exit 2, a message that says what to do, and nothing loaded."""
    (tmp_path / "report.csv").write_text(ADS)
    given = [tmp_path / each if each == "report.csv" else each for each in arguments]
    answer = ltv("ingest", *given)
    assert answer.code == 2
    assert message in answer.err
    assert "Traceback" not in answer.err


def test_options_are_settings_too(ltv: CommandLine, tmp_path: Path) -> None:
    """LTV_ADAPTER_OPTIONS says for good what --option says for a call."""
    file = tmp_path / "report.csv"
    file.write_text("Day,Campaign,Cost\n05/09/2025,Brand,1\n")
    assert ltv("ingest", file).code == 2
    chosen = '{"google_ads": {"dates": "month first"}}'
    assert ltv("ingest", file, adapter_options=chosen).code == 0
    assert "nothing changed" in ltv("ingest", file, adapter_options=chosen).err
    assert ltv("ingest", file, "--option", "dates=day first").code == 0
