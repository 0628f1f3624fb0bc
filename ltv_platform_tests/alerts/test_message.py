"""What messages contain, and what they must not."""

import json
import re
import traceback
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest

from ltv_platform.alerts import (
    Alert,
    CheckFailed,
    FileRejected,
    RetriesExhausted,
    RunFailed,
    SensorFailed,
    StaleData,
)
from ltv_platform.alerts.causes import UNKNOWN, cause_of_rejection, cause_of_run
from ltv_platform.alerts.message import Message, Place, payload, plain, together
from ltv_platform.ingestion.landing import ingest_landing, make_landing
from ltv_platform_tests.testing import ROOT
from ltv_platform_tests.testing.loader import Loader
from ltv_platform_tests.testing.workbooks import workbook

UI = "https://ltv.example.com"
RUN = "0f0e0d0c-1111-2222-3333-444455556666"
HUGE = "<&>" * 10_000
DAY = date(2026, 1, 14)

KINDS: dict[str, tuple[Alert, str]] = {
    "run_failed": (
        RunFailed("refresh", RUN, "core", "OSError: No space left on device"),
        "*Run failed*: refresh, step core: the disk is full.\n"
        f"Run: <{UI}/runs/{RUN}|0f0e0d0c>\n"
        f"Next: Free space on the disk of LTV_HOME. {RunFailed.next_step}",
    ),
    "check_failed": (
        CheckFailed(
            "marts.campaign_roas",
            "spend_reconciles",
            "The spend of all cohorts equals core spend.",
            {"cohorts": 12_345, "wrong": 2.5, "example": "anna", "passed": False},
            RUN,
        ),
        "*Check failed*: marts.campaign_roas: spend_reconciles does not hold. The spend of all "
        "cohorts equals core spend. Seen: cohorts 12,345, wrong 2.5.\n"
        f"Check: <{UI}/assets/marts/campaign_roas?view=checks|"
        "marts.campaign_roas/spend_reconciles>\n"
        f"Run: <{UI}/runs/{RUN}|0f0e0d0c>\n"
        f"Next: {CheckFailed.next_step}",
    ),
    "stale_data": (
        StaleData("transactions", datetime(2026, 1, 13, 9, 30), 36),
        "*Data is late*: The newest event in transactions is from 2026-01-13 09:30 UTC, more than "
        "36 hours ago.\n"
        f"Asset: <{UI}/assets/raw/transactions|raw.transactions>\n"
        f"Next: {StaleData.next_step}",
    ),
    "stale_snapshot": (
        StaleData(StaleData.SNAPSHOT, datetime(2026, 1, 13, 9, 30), 36),
        "*Data is late*: Data loaded since 2026-01-13 09:30 UTC has not been published for more "
        "than 36 hours.\n"
        f"Asset: <{UI}/assets/publish/published_snapshot|published_snapshot>\n"
        f"Next: {StaleData.next_step_of_snapshot}",
    ),
    "retries_exhausted": (
        RetriesExhausted("refresh", 5, "3 assets", RUN),
        "*Given up*: 5 runs of refresh in a row did not fix it; the sensor starts no more for the "
        "same cause. Left to do: 3 assets.\n"
        f"Run: <{UI}/runs/{RUN}|0f0e0d0c>\n"
        f"Next: {RetriesExhausted.next_step}",
    ),
    "file_rejected": (
        FileRejected("transactions@shop/june.csv", "june.csv is empty.", RUN),
        "*File rejected*: transactions@shop/june.csv was not loaded: it is empty.\n"
        f"Run: <{UI}/runs/{RUN}|0f0e0d0c>\n"
        f"Next: {FileRejected.next_step}",
    ),
    "sensor_failed": (
        SensorFailed("refresh", "ConnectionException: Connection already closed!"),
        f"*Sensor failed*: refresh: see its tick for the reason.\nNext: {SensorFailed.next_step}",
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_what_each_kind_says(name: str) -> None:
    """What happened, where with a link, and what next; the text alone says all of it."""
    alert, text = KINDS[name]
    assert payload(alert.message(), UI)["text"] == text


@pytest.mark.parametrize("name", KINDS)
def test_docs_say_the_same(name: str) -> None:
    """operations.md explains every kind by its name, with the same next step."""
    alert, _ = KINDS[name]
    docs = (ROOT / "docs" / "operations.md").read_text("utf-8")
    section = " ".join(docs.partition("## Alerts")[2].partition("\n## ")[0].split())
    assert f"**{alert.title}** (`{alert.kind}`)" in section
    if name == "stale_snapshot":
        assert StaleData.next_step_of_snapshot in section
    else:
        assert alert.next_step in section  # type: ignore[attr-defined]


def texts(block: Any) -> Iterator[str]:
    """All texts of a block."""
    if isinstance(block, dict):
        for name, value in block.items():
            if name == "text" and isinstance(value, str):
                yield value
            else:
                yield from texts(value)
    elif isinstance(block, list):
        for item in block:
            yield from texts(item)


HUGE_ALERTS = [
    RunFailed(HUGE, HUGE, HUGE, HUGE),
    CheckFailed("marts.x", "y" * 5_000, HUGE, dict.fromkeys(map(str, range(1_000)), 1), HUGE),
    StaleData(HUGE, DAY, 1e300),
    RetriesExhausted(HUGE, 10**30, HUGE, HUGE),
    FileRejected(HUGE, HUGE, HUGE),
    SensorFailed(HUGE, HUGE),
]


@pytest.mark.parametrize("alert", HUGE_ALERTS, ids=lambda alert: alert.kind)
def test_no_text_is_longer_than_slack_takes(alert: Alert) -> None:
    """150 characters of a header, 2,000 of a field, 3,000 of a section, entities as written."""
    said = payload(alert.message(), UI)
    assert len(said["text"]) <= 3_000
    header, *blocks = said["blocks"]
    assert len(header["text"]["text"]) <= 150
    for block in blocks:
        assert len(block.get("fields", [])) <= 10
        assert all(len(field["text"]) <= 2_000 for field in block.get("fields", []))
        assert all(0 < len(text) <= 3_000 for text in texts(block))
    for text in [said["text"], *texts(blocks)]:
        # No entity and no link was cut in two; nothing of theirs is a tag.
        assert not re.search(r"&(?!amp;|lt;|gt;)", text)
        assert re.sub(r"<https://[^<>|\s]+\|[^<>|]*>", "", text).count("<") == 0


def test_names_of_others_are_no_markup() -> None:
    """`<!channel>` in the name of a file calls nobody, and a pipe ends no link."""
    alert = FileRejected("transactions/<!channel>|<http://x|y>.csv", "", RUN)
    text = payload(alert.message(), UI)["text"]
    assert "transactions/&lt;!channel&gt;|&lt;http://x|y&gt;.csv was not loaded" in text
    linked = payload(Message("t", "w", (Place("P", "a|b", "/runs/a|b"),)), UI)["text"]
    assert linked.endswith(f"P: <{UI}/runs/a%7Cb|a¦b>")


def test_many_become_one() -> None:
    """Each by its first sentence, as space allows, and the number of the others."""
    alerts = [FileRejected(f"transactions/{n}.csv", "x is empty.") for n in range(1_000)]
    said = payload(together([a.message() for a in alerts], "alerts"), UI)
    lines = said["text"].splitlines()
    assert lines[:2] == [
        "*1,000 alerts*: • File rejected: transactions/0.csv was not loaded: it is empty.",
        "• File rejected: transactions/1.csv was not loaded: it is empty.",
    ]
    shown = sum(line.count("• File rejected") for line in lines)
    assert f"• and {1_000 - shown} more: `ltv alerts list`" in lines
    assert shown > 15
    assert lines[-1] == f"Next: {FileRejected.next_step}"
    assert len(said["text"]) <= 3_000


PERSONAL = ["anna.schmidt@example.com", "Anna Schmidt", "c-4711", "1985-03-02"]


def row_error() -> str:
    """An error with a row and a traceback in it."""
    try:
        raise ValueError(f"Could not convert {PERSONAL} to INT; No space left on device")
    except ValueError:
        return traceback.format_exc()


@pytest.mark.parametrize(
    "alert",
    [
        RunFailed("refresh", RUN, "core", error=row_error()),
        CheckFailed("marts.x", "y", figures=dict.fromkeys(map(str, range(4)), PERSONAL)),
        FileRejected("transactions/a.csv", row_error()),
        FileRejected("transactions/anna.schmidt@example.com.csv", row_error()),
    ],
    ids=["run", "check", "file", "name"],
)
def test_no_row_and_no_traceback_is_passed_on(alert: Alert) -> None:
    """Texts of errors may quote rows: they are recognized, and never shown."""
    said = json.dumps(payload(alert.message(), UI)) + alert.key
    for words in [*PERSONAL, "Traceback", "Could not convert", "test_message.py"]:
        assert words not in said


def test_names_are_one_printable_line() -> None:
    """Line breaks, control characters and invalid bytes cannot break the JSON."""
    assert plain("a\n\tb\x00\x1b[31m\u202ec") == "a b [31m c"
    assert plain("\udcff.csv") == "\\udcff.csv"
    assert plain("to anna@example.com!") == "to (address)"
    assert plain("transactions@shop/a.csv") == "transactions@shop/a.csv"
    assert len(plain("x" * 10_000)) == 500
    half = plain("x" * 495 + " anna@example.com")
    assert "anna" not in half


def test_causes_of_runs() -> None:
    """By words of our own errors and of those of the engine."""
    assert cause_of_run("whatever").says == UNKNOWN.says
    assert [
        cause_of_run(text).says
        for text in (
            "UserError: The disk is full: IO Error: Could not write",
            "UserError: The warehouse /x/warehouse.duckdb is damaged: …",
            "BusyError: The warehouse /x/warehouse.duckdb is held by process 7 (waited 120 s).",
            "BusyError: Process 7 is bringing /x up to date (waited 3600 s).",
            "OutOfMemoryException: Out of Memory Error: failed to allocate",
            "The process that ran it was killed.",
            "The IHC API rejects the key (403): unscored journeys stay pending.",
            "The SELECT of marts.x does not match its contract: …",
            "core.transactions has an amount or a sum that is too large: money columns hold "
            "twelve digits",
        )
    ] == [
        "the disk is full",
        "the warehouse is damaged",
        "another process held the warehouse for too long",
        "another process held the warehouse for too long",
        "the engine ran out of memory",
        "its process was killed",
        "the IHC API rejects the key",
        "a SELECT does not return the columns of its contract",
        "an amount or a sum is too large",
    ]


def test_causes_of_rejections(load: Loader) -> None:
    """From the loader's real messages: no reason is unknown, no text is quoted."""
    settings = load.engine.settings
    make_landing(settings, list(load.engine.catalog.sources))
    folder = settings.landing_path / "campaigns"
    (settings.landing_path / "orders").mkdir()
    (settings.landing_path / "campaigns@nobody").mkdir()
    files = {
        "campaigns/a.dat": b"x",
        "campaigns/b.csv.gz": b"\x1f\x8b no gzip",
        "campaigns/c.csv": b"",
        "campaigns/d.csv": b"name\nanna\n",
        "campaigns/e.csv": b"campaign_id,campaign_id\n1,2\n",
        "campaigns/f.json": b"[{",
        "campaigns/g.db": b"no database",
        "campaigns/h.csv": b"\x00\x00\x00\x00campaign_id\n",
        "campaigns/m.xlsx": b"x",
        "campaigns/n.csv": b"%PDF-1.7",
        "campaigns/o.json": b'{"a": [{}], "b": [{}]}',
        "campaigns/p.xlsx": workbook({}),
        "campaigns@nobody/i.csv": b"x\n1\n",
        "orders/j.csv": b"x\n1\n",
    }
    for name, content in files.items():
        (settings.landing_path / name).write_bytes(content)
    (folder / "k.csv").symlink_to(folder / "c.csv")
    (folder / "l.csv").mkdir()
    said = {}
    for outcome in ingest_landing(load.engine):
        place = str(outcome.request.path.relative_to(settings.landing_path))
        assert outcome.error is not None, place
        said[place] = cause_of_rejection(str(outcome.error)).says
    assert said == {
        "campaigns/a.dat": "its extension is not supported",
        "campaigns/b.csv.gz": "it is a damaged gzip file",
        "campaigns/c.csv": "it is empty",
        "campaigns/d.csv": "it lacks a required column",
        "campaigns/e.csv": "two of its columns have the same name",
        "campaigns/f.json": "it is not valid JSON",
        "campaigns/g.db": "it is not a SQLite database",
        "campaigns/h.csv": "it is not text that can be read",
        "campaigns/m.xlsx": "it is a workbook that cannot be read",
        "campaigns/n.csv": "its content does not match its extension",
        "campaigns/o.json": "it has several lists of records",
        "campaigns/p.xlsx": "it is a workbook that cannot be read",
        "campaigns@nobody/i.csv": "its adapter is missing or wrong",
        "orders/j.csv": "its folder does not name a source table",
        "campaigns/k.csv": "it is a link",
        "campaigns/l.csv": "it is not a file",
    }
