"""The server says of each row what its load will say."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltv_platform.contracts import Column
from ltv_platform.events.bodies import rows_of
from ltv_platform.events.clearing import Clearing, bounds
from ltv_platform.events.intake import TABLES
from ltv_platform.events.judging import Judge
from ltv_platform_tests.events.posting import load, post, quarantined
from ltv_platform_tests.testing import NOW
from ltv_platform_tests.testing.examples import PROFILE
from ltv_platform_tests.testing.home import Home

pytestmark = pytest.mark.slow(60)

#: Values that are odd for any column, as JSON text.
ODD = (
    '""', '" "', '"\\u00a0"', '"\\ufeff"', '"\\u0000"', 'null', 'true', '0', '1', '-0', '1.00',
    '1e0', '-1', '0.1234567', '1e-7', '1000000000000000000e-17', '0.1000000000000000000001',
    '123456789012', '1e18', '999999999.999999', '"1.5"', '" 1.5"', '"1,5"', '"x"', '[]',
    '{"a":1}', '"(guest)"', '" (GUEST) "', '"(pending)"', '"(organic)"', '"refund"', '"REFUND"',
    '"EUR"', '"eur"', '"euro"', '"2026-01-14"', '"2026-01-16"', '"2026-01-17"', '"2023-W01-1"',
    '"1970-01-01"', '"0001-01-01"', '"2019-12-31"', '"2020-01-02 00:00:00"', '"24:00:00"',
    '"10:30"', '"10:30:00.5"', '"T10:30:0"', '"2026-01-16 11:00:00"', '"2026-01-16 13:00:00"',
    '"2026-01-10T10:00:00Z"', '"2026-01-10 10:00:00.123Z"', '"2026-01-10 10:00:00,123"',
    '"2026-01-10 10:00:00.123456"', '"2026-01-10 24:00:00"', '"2026-01-10 10:00:00+02:00"',
    '"2026-02-30"', '"２026-01-10"', '"20260110T10:00:00.0"', '"2026-01-10 10:00:00.12a"',
)  # fmt: skip
_FAR_ZONES = {"timezone": "Asia/Tokyo", "source_timezone": "America/New_York"}
GOOD = {
    "VARCHAR": ['"abc"', '"é"', "12", '"a \\"quoted\\": text"', '"purchase"'],
    "BOOLEAN": ["0", "1", "true", '"0"', '"1"', '"true"'],
    "DECIMAL(18,6)": ["1.5", "89.99", "0", "12", '"7.25"'],
    "DATE": ['"2026-01-14"', '"2025-03-01"'],
    "TIME": ['"10:30:00"', '"23:59:59"'],
    "TIMESTAMP": ['"2026-01-10 10:30:00"', '"2026-01-10T10:30:00"', '"2026-01-15 11:59:00"'],
    "INTEGER": ["3"],
    "BIGINT": ["3"],
}


def _values(column: Column) -> st.SearchStrategy[str | None]:
    good = [*GOOD[column.type], *(['"EUR"', '"usd"'] if column.pattern else [])]
    usual = st.sampled_from(good if not column.pattern else good[-2:])
    missing = st.none() if not column.required else usual
    return st.one_of(usual, usual, usual, usual, missing, missing, st.sampled_from(ODD))


@st.composite
def _rows(draw: st.DrawFn, columns: tuple[Column, ...]) -> bytes:
    given = {column.name: draw(_values(column)) for column in columns}
    pairs = [(name, value) for name, value in given.items() if value is not None]
    if draw(st.sampled_from([False] * 9 + [True])):
        pairs.append(("extra", draw(st.sampled_from(ODD))))
    if pairs and draw(st.sampled_from([False] * 19 + [True])):
        pairs.append(draw(st.sampled_from(pairs)))
    separator = draw(st.sampled_from([":", ":", ":", ": ", " : "]))
    return ("{" + ",".join(f'"{name}"{separator}{value}' for name, value in pairs) + "}").encode()


@pytest.mark.parametrize(
    ("table", "zones"),
    [
        *((table, {}) for table in TABLES),
        *((table, _FAR_ZONES) for table in ("transactions", "conversions", "campaign_costs")),
    ],
)
@PROFILE
@given(data=st.data())
def test_ingestion_accepts_what_is_cleared(
    tmp_path_factory: pytest.TempPathFactory, table: str, zones: dict[str, str], data: st.DataObject
) -> None:
    """Clearing may doubt a good row, but never clears a bad one."""
    home = Home(tmp_path_factory.mktemp("home"), start_date="2020-01-01", **zones)
    source = home.graph.catalog.sources[table]
    texts = data.draw(st.lists(_rows(source.columns), min_size=10, max_size=30))
    posted = rows_of(b"\n".join(texts))
    judge = Judge(home.settings, {table: source})
    clearing = Clearing(source)
    start = home.settings.start_date
    reasons = judge.reasons(table, posted.texts, start)
    for row, of_row in zip(posted.rows[::2], reasons[::2], strict=True):
        if not of_row:
            clearing.remember(row)
    limits = bounds(home.settings, start)
    for size in (1, 7, len(texts)):
        for first in range(0, len(texts), size):
            some = slice(first, first + size)
            doubtful = clearing.doubtful(posted.texts[some], posted.rows[some], limits)
            for index, (text, of_row) in enumerate(
                zip(posted.texts[some], reasons[some], strict=True)
            ):
                assert index in doubtful or not of_row, (text, of_row)


@pytest.mark.parametrize("table", TABLES)
@PROFILE
@given(data=st.data())
def test_the_answer_is_that_of_the_load(
    tmp_path_factory: pytest.TempPathFactory, table: str, data: st.DataObject
) -> None:
    """docs/events.md, "Answers": as many rows are in quarantine as the server said."""
    home = Home(tmp_path_factory.mktemp("home"), start_date="2020-01-01")
    texts = data.draw(st.lists(_rows(home.graph.catalog.sources[table].columns), min_size=1))
    taken = post(home, table, *texts) if table == "campaign_costs" else []
    if not taken:
        taken = post(home, table, b"\n".join(texts))
    load(home)
    assert sum(each.quarantined for each in taken) == len(quarantined(home, table))
    assert sum(each.successful + each.quarantined for each in taken) == len(texts)


def test_usual_rows_are_cleared(tmp_path: Path) -> None:
    """Otherwise every request would wait for the judge."""
    home = Home(tmp_path, start_date="2020-01-01")
    limits = bounds(home.settings, home.settings.start_date)
    now = f"{NOW - timedelta(minutes=1):%Y-%m-%d %H:%M:%S}"
    today = now[:10]
    usual: dict[str, dict[str, Any]] = {
        "customers": {"customer_id": "c", "registration_date": now, "city": "Zürich", "age": 35},
        "transactions": {"transaction_id": "t", "transaction_date": now, "amount": 89.99},
        "customer_interactions": {
            "interaction_id": "i",
            "customer_id": "c",
            "interaction_date": now.replace(" ", "T") + "Z",
            "interaction_type": "login",
        },
        "session_sources": {
            "session_id": "s",
            "user_id": "c",
            "channel_name": "Search",
            "event_date": today,
            "event_time": "10:00:00",
            "holder_engagement": 1,
            "closer_engagement": False,
        },
        "conversions": {
            "conv_id": "v",
            "user_id": "c",
            "conv_date": today,
            "conv_time": "10:00:00",
            "revenue": "12.5",
        },
        "session_costs": {"session_id": "s", "cost": 1},
        "campaign_costs": {"campaign_id": "k", "date": today, "cost": 0.5, "currency": "EUR"},
    }
    assert usual.keys() == set(TABLES)
    for table, row in usual.items():
        posted = rows_of(json.dumps(row).encode())
        clearing = Clearing(home.graph.catalog.sources[table])
        if table == "transactions":  # a rule over two columns: the judge has seen their values
            clearing.remember(row)
        assert clearing.doubtful(posted.texts, posted.rows, limits) == [], table
