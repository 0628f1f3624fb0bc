"""Every command shows markup in data as text and does not act on it."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ltv_platform.cli.texts import visible
from ltv_platform_tests.testing.command_line import CommandLine

_CLIPBOARD = "\x1b]52;c;aGk=\x07"
_TURNED = "\u202e"
#: Of a campaign, a channel, a country, a customer; each is markup or moves something.
_NAMES = ("[/x]", "[us] brand", f"{_CLIPBOARD}tv", f"c{_TURNED}1", "[bold]a[/bold]", "\x9b31mred")
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _table(path: Path, header: str, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return path


@pytest.fixture(scope="module")
def home(fresh_homes: Callable[[], CommandLine]) -> CommandLine:
    """A home with such names in every place, and rows in quarantine that have them."""
    ltv = fresh_homes()
    folder = ltv.home.parent
    files = {
        "customers": _table(
            folder / f"[x] {_CLIPBOARD}{_TURNED}.csv",
            "customer_id,registration_date,country,acquisition_source,campaign_id",
            [
                *([name, "2025-12-01 10:00:00", "[b]", "ads", name] for name in _NAMES),
                ["[/bad]", f"2025-13-{_CLIPBOARD}", "US", "ads", "k"],
            ],
        ),
        "campaigns": _table(
            folder / "[us] campaigns.csv",
            "campaign_id,campaign_name",
            [[name, f"{name} {name}"] for name in _NAMES],
        ),
        "transactions": _table(
            folder / "transactions.csv",
            "transaction_id,customer_id,transaction_date,amount",
            [[f"t{name}", name, "2025-12-02 10:00:00", "5"] for name in _NAMES],
        ),
        "session_sources": _table(
            folder / "sessions.csv",
            "session_id,user_id,channel_name,event_date,event_time,holder_engagement,"
            "closer_engagement",
            [
                [f"s{n}", f"u{n}", name, "2025-12-01", "10:00:00", "1", "1"]
                for n, name in enumerate(_NAMES)
            ],
        ),
        "conversions": _table(
            folder / "conversions.csv",
            "conv_id,user_id,conv_date,conv_time,revenue",
            [[f"v{n}", f"u{n}", "2025-12-02", "10:00:00", "5"] for n in range(len(_NAMES))],
        ),
    }
    for table, file in files.items():
        answer = ltv("ingest", table, file)
        assert answer.code == 0, answer.err
        _assert_shown(answer.out + answer.err)
    answer = ltv("run")
    assert answer.code == 0, answer.err
    _assert_shown(answer.out + answer.err)
    return ltv


def _assert_shown(text: str) -> None:
    assert not (found := _OBEYED.search(text)), repr(text[max(0, found.start() - 80) :][:160])
    assert "Traceback" not in text


@pytest.mark.parametrize(
    "command",
    [
        "query|SELECT campaign_id, campaign_name FROM campaign_summary",
        "query|SELECT * FROM customers",
        'query|SELECT 1 AS "[/x]\x1b]52;"',
        'query|SELECT nothing AS "[/x]\x1b]52;\u202e"',
        'query|FROM "[/x]\x1b"',
        "tables",
        "report|campaigns",
        "report|channels",
        "report|customers",
        "report|leadtech",
        "quarantine|list",
        "quarantine|replay",
        "quarantine|list|[/x]\x1b",
        "attribution|status",
        "alerts|list",
        "lineage|[/x]\x1b",
        "lineage|campaign_ltv.\x1b]52;",
        "forecast|fit",
        "forecast|retention|--category|[/x]\x1b",
        "forecast|retention|--counts|[/x]\x1b",
        "forecast|backtest",
        "erase|[/x]|--dry-run",
        "erase|nobody\x1b]52;\u202e|--dry-run",
        "ingest|customers|[/none]\x1b]52;\u202e.csv",
        "ingest|[/none]\x1b",
        "report|[/x]\x1b",
        "doctor",
    ],
)
def test_no_command_obeys_what_stands_in_data(home: CommandLine, command: str) -> None:
    """It ends as it should, and no control character of a value or a name gets through."""
    answer = home(*command.split("|"))
    assert answer.code in (0, 2), answer.err
    _assert_shown(answer.out + answer.err)
    assert "defect" not in answer.err


def test_names_that_look_like_markup_are_shown_whole(home: CommandLine) -> None:
    """``[us] brand`` was shown as `` brand``, and ``[/x]`` ended the command."""
    shown = home("query", "SELECT campaign_id FROM campaign_summary").out
    for name in _NAMES:
        assert visible(name) in shown
    assert "[/bad]" not in home("quarantine", "list").out
    assert r"2025-13-\x1b]52;c;aGk=\x07" in home("quarantine", "list").out


def test_programs_get_the_values_as_they_are(home: CommandLine) -> None:
    """CSV into a pipe is byte for byte; JSON says the same in words that a terminal can show."""
    sql = "SELECT customer_id FROM customers ORDER BY 1"
    expected = sorted(_NAMES)
    answer = home("query", sql, "--format", "csv")
    assert [row[0] for row in csv.reader(io.StringIO(answer.out))][1:] == expected
    answer = home("query", sql, "--format", "json")
    assert [row["customer_id"] for row in json.loads(answer.out)] == expected
    _assert_shown(answer.out)
