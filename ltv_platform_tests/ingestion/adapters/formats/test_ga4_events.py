"""GA4's events in BigQuery, as ``bq extract`` writes them (NDJSON) and as Parquet, by hand.

The table of 2025-06-02 (UTC) has 30 events.

Customers: p1 (10:00, Paid Search, Google Ads campaign 777), p2 (11:00, organic), p3 (12:00,
direct): first_visit twice of p1 counts once, the earlier. 3 accepted.

Sessions: p1 2 (Paid Search; then newsletter / email by the manual campaign), p2 1, p3 1, p4 1,
which began at 23:58:20 of the day before, and p5 1 without any source: 6.

Transactions:
  T1  p1, user u1: 50.00 EUR (54.00 USD), sent twice: once
  T2  p2: 20.50 USD; refunded in part 5.50 USD, then by a refund without a value: 20.50
  T3  nobody's (no consent): 10.00 USD: a guest
  (not set)  p3: 7.25 USD, an id is made; two equal lines differ in their time: 14.50
  in_app_purchase  p2: 4.99 USD by event_value_in_usd
  T5  p3: no revenue at all: quarantined
EUR 50.00; USD 20.50 + 10.00 + 14.50 + 4.99 = 49.99, refunds 5.50 + 20.50 = 26.00.
In USD: 49.99 + 54.00 = 103.99.
Conversions (base USD, not the guest's): T1 54.00, T2 20.50, p3 14.50, p2 4.99 = 93.99 in 5 rows.
"""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ltv_platform.ingestion.load import Request, ingest
from ltv_platform_tests.ingestion.adapters.formats.exported import (
    counted,
    kept,
    newest_transactions,
    take,
)
from ltv_platform_tests.testing.loader import Loader

Event = dict[str, Any]


def micros(clock: str, day: int = 2) -> int:
    moment = datetime.fromisoformat(f"2025-06-0{day}T{clock}").replace(tzinfo=UTC)
    return round(moment.timestamp() * 1_000_000)


def event(
    name: str,
    user: str | None,
    clock: str,
    session: int | None = None,
    parameters: Event | None = None,
    **more: Any,
) -> Event:
    given = {
        "page_location": "https://shop.example/?email=jane@example.com",
        **({"ga_session_id": session} if session else {}),
        **(parameters or {}),
    }
    return {
        "event_date": "20250602",
        "event_timestamp": micros(clock),
        "event_name": name,
        "event_params": [{"key": k, "value": _typed(v)} for k, v in given.items()],
        "user_pseudo_id": user,
        "geo": {"city": "Musterstadt", "country": "Germany"},
        "platform": "WEB",
        **more,
    }


def _typed(value: object) -> Event:
    kind = {str: "string_value", int: "int_value", float: "double_value"}[type(value)]
    return {"string_value": None, "int_value": None, "double_value": None, kind: value}


def bought(number: str, revenue: float | None, usd: float | None) -> Event:
    return {
        "ecommerce": {
            "transaction_id": number,
            "purchase_revenue": revenue,
            "purchase_revenue_in_usd": usd,
        }
    }


def refunded(number: str, value: float | None) -> Event:
    return {"ecommerce": {"transaction_id": number, "refund_value": value}}


PAID: Event = {
    "session_traffic_source_last_click": {
        "google_ads_campaign": {"campaign_id": "777", "campaign_name": "Été"},
        "cross_channel_campaign": {"primary_channel_group": "Paid Search"},
    },
    "traffic_source": {"name": "Été", "medium": "cpc", "source": "google"},
}
MAIL: Event = {
    "session_traffic_source_last_click": {
        "manual_campaign": {"source": "newsletter", "medium": "email", "campaign_id": "(not set)"},
    },
    "traffic_source": PAID["traffic_source"],
}
ORGANIC = {"traffic_source": {"name": "(organic)", "medium": "organic", "source": "google"}}
DIRECT = {"traffic_source": {"name": "(direct)", "medium": "(none)", "source": "(direct)"}}
EUR, USD = {"currency": "EUR"}, {"currency": "USD"}
LATE = micros("23:58:20", day=1) // 1_000_000

EVENTS = [
    event("page_view", "p4", "00:00:05", LATE, {"session_engaged": "1"}, **ORGANIC),
    event("page_view", "p4", "00:01:00", LATE, **ORGANIC),
    event("first_visit", "p1", "10:00:00.5", 1001, **PAID),
    event("session_start", "p1", "10:00:00.5", 1001, **PAID),
    event("page_view", "p1", "10:00:01", 1001, {"session_engaged": 1}, **PAID),
    event("first_visit", "p1", "15:00:00", 1002, **MAIL),
    event("add_to_cart", "p1", "15:00:10", 1002, user_id="u1", **MAIL),
    event(
        "purchase", "p1", "15:01:00", 1002, EUR, user_id="u1", **MAIL, **bought("T1", 50.0, 54.0)
    ),
    event(
        "purchase", "p1", "15:09:00", 1002, EUR, user_id="u1", **MAIL, **bought("T1", 50.0, 54.0)
    ),
    event("first_visit", "p2", "11:00:00", 1003, **ORGANIC),
    event("purchase", "p2", "11:05:00", 1003, USD, **ORGANIC, **bought("T2", 20.5, 20.5)),
    event("refund", "p2", "12:05:00", None, USD, **refunded("T2", 5.5)),
    event("refund", "p2", "13:05:00", None, **refunded("T2", None)),
    event("in_app_purchase", "p2", "11:06:00", 1003, event_value_in_usd=4.99, **ORGANIC),
    event("purchase", None, "11:07:00", None, USD, **bought("T3", 10.0, 10.0)),
    event("first_visit", "p3", "12:00:00", 1004, **DIRECT),
    event("purchase", "p3", "12:01:00", 1004, USD, **DIRECT, **bought("(not set)", 7.25, 7.25)),
    event("purchase", "p3", "12:02:00", 1004, USD, **DIRECT, **bought("(not set)", 7.25, 7.25)),
    event("purchase", "p3", "12:03:00", 1004, USD, **DIRECT, **bought("T5", None, None)),
    event("page_view", "p5", "13:00:00", 1005),
    *(event("scroll", "p2", f"11:1{n}:00", 1003, **ORGANIC) for n in range(10)),
]
COLUMNS: Event = {
    "session_traffic_source_last_click": {},
    "traffic_source": {},
    "ecommerce": {},
    "user_id": None,
    "event_value_in_usd": None,
}


def ndjson(events: list[Event]) -> str:
    """As BigQuery writes it: INT64 as text, what is NULL left out."""

    def written(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: written(v) for k, v in value.items() if v is not None}
        if isinstance(value, list):
            return [written(each) for each in value]
        return str(value) if isinstance(value, int) else value

    return "".join(json.dumps(written(each), ensure_ascii=False) + "\n" for each in events)


def parquet(events: list[Event]) -> bytes:
    """As BigQuery writes it: records as structs, repeated ones as lists of these."""
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([{**COLUMNS, **each} for each in events]), file)
    return file.getvalue()


@pytest.mark.parametrize("form", ["json", "parquet"])
def test_counts_and_sums_are_those_of_the_table(load: Loader, form: str) -> None:
    """Counts and sums as in the docstring of the module, from both kinds of files."""
    assert len(EVENTS) == 30
    content: str | bytes = ndjson(EVENTS) if form == "json" else parquet(EVENTS)
    path = load.write(f"events_20250602.{form}", content)
    outcomes = take(load, path)
    assert counted(outcomes) == {
        "customers": (3, 0, 27),
        "transactions": (8, 1, 21),
        "session_sources": (6, 0, 24),
        "conversions": (5, 0, 25),
    }
    assert load.rows(
        "SELECT customer_id, CAST(registration_date AS VARCHAR), country, acquisition_source, "
        "campaign_id, platform FROM raw.customers ORDER BY 1"
    ) == [
        ("p1", "2025-06-02 10:00:00.5", "Germany", "Paid Search", "777", "web"),
        ("p2", "2025-06-02 11:00:00", "Germany", "organic google", None, "web"),
        ("p3", "2025-06-02 12:00:00", "Germany", "direct", None, "web"),
    ]
    assert newest_transactions(load) == [
        ("EUR", Decimal(50), None),
        ("USD", Decimal("49.99"), Decimal("26.00")),
    ]
    assert load.rows("SELECT COUNT(*), SUM(revenue) FROM raw.conversions") == [
        (5, Decimal("93.99"))
    ]
    assert load.rows(
        "SELECT user_id, channel_name, strftime(session_ts, '%d %H:%M:%S'), holder_engagement, "
        "closer_engagement FROM raw.session_sources ORDER BY session_ts"
    ) == [
        ("p4", "google / organic", "01 23:58:20", True, False),
        ("p1", "Paid Search", "02 10:00:00", True, False),
        ("p2", "google / organic", "02 11:00:00", False, True),
        ("p3", "Direct", "02 12:00:00", False, True),
        ("p5", "Unassigned", "02 13:00:00", False, False),
        ("u1", "newsletter / email", "02 15:00:00", False, True),
    ]
    assert load.rows("SELECT customer_id FROM raw.transactions WHERE transaction_id = 'T3'") == [
        ("(guest)",)
    ]
    assert [reasons for _, reasons in load.reasons()] == [["amount: is missing"]]
    text = kept(load)
    assert "jane@" not in text
    assert "Musterstadt" not in text
    assert all(outcome.repeated for outcome in take(load, path).values())


def test_a_later_file_of_the_same_day(load: Loader) -> None:
    """It restates the day: the same ids in another order and format, with one more event."""
    take(load, load.write("events_20250602.json", ndjson(EVENTS[:15])))
    more = event("purchase", "p2", "18:00:00", 1003, USD, **ORGANIC, **bought("T9", 1.0, 1.0))
    take(load, load.write("events_20250602.parquet", parquet([*reversed(EVENTS), more])))
    assert newest_transactions(load) == [
        ("EUR", Decimal(50), None),
        ("USD", Decimal("50.99"), Decimal("26.00")),
    ]
    assert load.rows("SELECT COUNT(DISTINCT session_id) FROM raw.session_sources") == [(6,)]


def test_options_choose_currency_campaign_and_customer(load: Loader) -> None:
    """In USD, by source and medium, and a browser is a customer."""
    path = load.write("events.json", ndjson(EVENTS))
    chosen = ("revenue=usd", "channel=source", "customer=device")
    outcomes = ingest(load.engine, [Request(None, path, "ga4_events", chosen)])
    assert [outcome.error for outcome in outcomes] == [None] * 4
    assert newest_transactions(load)[0] == ("USD", Decimal("103.99"), Decimal("26.00"))
    assert load.rows(
        "SELECT DISTINCT channel_name FROM raw.session_sources WHERE user_id = 'p1' ORDER BY 1"
    ) == [("google / cpc",), ("newsletter / email",)]
    assert load.rows("SELECT COUNT(*) FROM raw.transactions WHERE customer_id = 'u1'") == [(0,)]


def test_other_zones_and_currencies(loader_with: Callable[..., Loader]) -> None:
    """Microseconds are in UTC, whatever LTV_SOURCE_TIMEZONE is; conversions in EUR where it is."""
    load = loader_with(source_timezone="Europe/Berlin", currency="EUR")
    take(load, load.write("events.json", ndjson(EVENTS)))
    assert load.rows("SELECT conv_id, revenue FROM raw.conversions") == [("T1", Decimal(50))]
    assert load.rows(
        "SELECT CAST(conversion_ts AS VARCHAR), strftime(session_ts, '%H:%M') "
        "FROM raw.conversions JOIN raw.session_sources USING (user_id)"
    ) == [("2025-06-02 15:01:00", "15:00")]


def test_a_file_without_what_is_needed(load: Loader) -> None:
    """A query that left event_params out gives no sessions: refused."""
    events = [{k: v for k, v in each.items() if k != "event_params"} for each in EVENTS]
    [refused] = ingest(load.engine, [Request(None, load.write("events.json", ndjson(events)))])
    assert refused.error is not None
    assert "event_params" in refused.error.message


def last_click(**campaigns: Event) -> Event:
    return {
        "session_traffic_source_last_click": campaigns,
        "traffic_source": {"name": "Autumn", "medium": "cpc", "source": "bing"},
    }


@pytest.mark.parametrize(
    ("touch", "source", "campaign"),
    [
        (
            last_click(
                manual_campaign={"source": "mail", "medium": "email", "campaign_name": "Spring"}
            ),
            "mail / email",
            "Spring",
        ),
        (
            last_click(
                manual_campaign={
                    "source": "mail",
                    "medium": "email",
                    "campaign_id": "9",
                    "campaign_name": "Spring",
                }
            ),
            "mail / email",
            "9",
        ),
        (
            last_click(
                manual_campaign={"campaign_id": "(not set)", "campaign_name": "(organic)"},
                cross_channel_campaign={"primary_channel_group": "Organic Search"},
            ),
            "Organic Search",
            None,
        ),
        (
            last_click(google_ads_campaign={"campaign_id": "(not set)", "campaign_name": "Summer"}),
            None,
            "Summer",
        ),
        (last_click(google_ads_campaign={"campaign_id": "777"}), "google / cpc", "777"),
        (
            last_click(manual_campaign={"source": "(not set)", "campaign_name": "(not set)"}),
            "bing / cpc",
            "Autumn",
        ),
    ],
)
def test_source_and_campaign_are_of_one_touch(
    load: Loader, touch: Event, source: str | None, campaign: str | None
) -> None:
    """The session's last click; the user's first source only where the session has none."""
    take(load, load.write("events.json", ndjson([event("first_visit", "p1", "10:00:00", **touch)])))
    assert load.rows("SELECT acquisition_source, campaign_id FROM raw.customers") == [
        (source, campaign)
    ]


def test_a_refund_without_a_value_takes_back_the_most_that_was_paid(load: Loader) -> None:
    """As a number: 100 is more than 9."""
    events = [
        event("purchase", "p1", "10:00:00", None, USD, **bought("T1", 100.0, 100.0)),
        event("purchase", "p1", "10:01:00", None, USD, **bought("T1", 9.0, 9.0)),
        event("refund", "p1", "12:00:00", None, **refunded("T1", None)),
    ]
    take(load, load.write("events.json", ndjson(events)))
    assert newest_transactions(load) == [("USD", Decimal(100), Decimal(100))]


def test_events_without_an_order_share_nothing(load: Loader) -> None:
    """Neither the amount nor the currency of a stranger."""
    none = "(not set)"
    events = [
        event("purchase", "p1", "10:00:00", None, EUR, **bought(none, 50.0, None)),
        event("purchase", "p2", "10:01:00", None, **bought(none, 7.0, None)),
        event("refund", "p3", "12:00:00", None, **refunded(none, None)),
        event("refund", "p3", "13:00:00", None, **refunded("T8", None)),
    ]
    take(load, load.write("events.json", ndjson(events)))
    assert load.rows("SELECT customer_id, amount, currency FROM raw.transactions ORDER BY 1") == [
        ("p1", Decimal(50), "EUR"),
        ("p2", Decimal(7), None),
    ]
    assert [reasons[0] for _, reasons in load.reasons()] == [
        "amount: the refund has neither a value nor a transaction_id; send one of them",
        "amount: the refund has no value, and the file has no purchase of its transaction_id",
    ]
