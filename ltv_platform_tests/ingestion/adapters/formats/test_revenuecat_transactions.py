"""RevenueCat's export of transactions, CSV and Parquet, with figures added up by hand.

The file has 30 records of June 2025; take-home is 0.7 where nothing else is said.

Customers: c1 to c5, c8 to c24, one row each: 22 accepted. c6 has sandbox rows only; the
first_seen_time of c7 is ``never``: quarantined. 7 of the 30 records are skipped.

Rows of transactions: c1 3 (its purchase twice, as the line comes twice), c2 2, c3 1 and the same
again, c4 2, c11 to c24 14: 22 accepted, 1 repeated, 2 quarantined.

Purchases at their price, and as taken home:
  c1   9.99 USD, refunded later in full (price is 0 then)    9.99      6.993
  c2   trial 0; purchase 9.99; renewal 9.99; sandbox 9.99    19.98    13.986
  c3   9.99 EUR (10.80 USD) at 0.85                           9.99 EUR  8.4915
  c4   1200 JPY (8.10 USD), refunded 200 JPY                  1200 JPY   840, refund 200 / 140
  c5   9.99 shared by the family: no revenue
  c8   grant of the store ``promotional``: no revenue, but a customer
  c9   price empty: quarantined; c10 price ``abc``: quarantined (both customers)
  c11 to c24: 14 purchases of 1.00 USD                       14.00      9.80
USD, price: 9.99 + 19.98 + 14.00 = 43.97, refund 9.99; as taken home 30.779, refund 6.993.
In USD at the price: 43.97 + 10.80 + 8.10 = 62.87, refunds 9.99 + 1.35 (8.10 - 6.75) = 11.34.
"""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ltv_platform.ingestion.load import Request, ingest
from ltv_platform_tests.ingestion.adapters.formats.exported import (
    counted,
    csv_text,
    kept,
    names,
    newest_transactions,
    take,
)
from ltv_platform_tests.testing.loader import Loader

HEADER = names(
    """
rc_original_app_user_id,rc_last_seen_app_user_id_alias,country,country_source,
product_identifier,product_display_name,product_duration,start_time,end_time,
grace_period_end_time,effective_end_time,store,is_auto_renewable,is_trial_period,
is_in_intro_offer_period,is_sandbox,price_in_usd,purchase_price_in_usd,
takehome_percentage,tax_percentage,commission_percentage,store_transaction_id,
original_store_transaction_id,refunded_at,unsubscribe_detected_at,
billing_issues_detected_at,purchased_currency,price_in_purchased_currency,
purchase_price_in_purchased_currency,entitlement_identifiers,renewal_number,
is_trial_conversion,presented_offering,ownership_type,reserved_subscriber_attributes,
custom_subscriber_attributes,platform,updated_at,offer,offer_type,first_seen_time,
auto_resume_time
"""
)


def bought(customer: str, transaction: str, usd: str, **more: str) -> dict[str, str]:
    return {
        "rc_original_app_user_id": customer,
        "country": "US",
        "product_identifier": "pro.monthly",
        "start_time": "2025-06-02 10:00:00",
        "store": "app_store",
        "is_trial_period": "false",
        "is_sandbox": "false",
        "price_in_usd": usd,
        "purchase_price_in_usd": usd,
        "takehome_percentage": "0.7",
        "store_transaction_id": transaction,
        "purchased_currency": "USD",
        "price_in_purchased_currency": usd,
        "purchase_price_in_purchased_currency": usd,
        "renewal_number": "1",
        "ownership_type": "PURCHASED",
        "reserved_subscriber_attributes": '{"$email": {"value": "jane@example.com"}}',
        "platform": "iOS",
        "updated_at": "2025-06-03 00:00:00",
        "first_seen_time": "2025-06-01 09:00:00",
        **more,
    }


def local(currency: str, price: str, paid: str | None = None) -> dict[str, str]:
    return {
        "purchased_currency": currency,
        "price_in_purchased_currency": price,
        "purchase_price_in_purchased_currency": paid or price,
    }


FIRST = bought("c1", "t1", "9.99")
REFUNDED = {
    **FIRST,
    "price_in_usd": "0",
    "price_in_purchased_currency": "0",
    "refunded_at": "2025-06-09 12:00:00",
    "updated_at": "2025-06-09 12:00:01",
}
ROWS = [
    FIRST,
    REFUNDED,
    bought("c2", "t2", "0", is_trial_period="true"),
    bought("c2", "t3", "9.99", is_trial_conversion="true"),
    bought("c2", "t4", "9.99", renewal_number="2", start_time="2025-07-02 10:00:00"),
    bought("c2", "t5", "9.99", is_sandbox="true"),
    bought("c3", "t6", "10.80", takehome_percentage="0.85", **local("EUR", "9.99")),
    bought(
        "c4",
        "t7",
        "6.75",
        purchase_price_in_usd="8.10",
        refunded_at="2025-06-10 00:00:00",
        product_identifier="pro.Été",
        **local("JPY", "1000", "1200"),
    ),
    bought("c5", "t8", "9.99", ownership_type="FAMILY_SHARED"),
    bought("c6", "t9", "9.99", is_sandbox="true"),
    bought("c7", "", "0", store="promotional", first_seen_time="never"),
    bought("c8", "", "", store="promotional", **local("", "")),
    bought("c9", "t10", "", **local("", "")),
    bought("c10", "t11", "abc", **local("USD", "abc")),
    *(bought(f"c{n}", f"t{n + 1}", "1.00") for n in range(11, 25)),
    bought("c3", "t6", "10.80", takehome_percentage="0.85", **local("EUR", "9.99")),
    bought("c24", "t30", "0", is_trial_period="true"),
]


def parquet(rows: list[dict[str, str]]) -> bytes:
    """The file as Parquet: times, flags and doubles as typed values."""

    def typed(name: str, value: str) -> object:
        if value == "":
            return None
        if name.startswith("is_"):
            return value == "true"
        if "price" in name or name.endswith("percentage"):
            return float(value)
        if name.endswith(("_time", "_at")):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        return value

    columns = {name: [typed(name, row.get(name, "")) for row in rows] for name in HEADER}
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def readable() -> list[dict[str, str]]:
    """The rows without a word in place of a number or time."""
    return [r for r in ROWS if r["price_in_usd"] != "abc" and r["first_seen_time"] != "never"]


def test_counts_and_sums_are_those_of_the_file(load: Loader) -> None:
    """Counts and sums as the docstring of the module has them."""
    assert len(ROWS) == 30
    outcomes = take(load, load.write("transactions.csv", csv_text(HEADER, ROWS)))
    assert counted(outcomes) == {"customers": (22, 1, 7), "transactions": (22, 2, 0)}
    assert newest_transactions(load) == [
        ("EUR", Decimal("8.4915"), None),
        ("JPY", Decimal(840), Decimal(140)),
        ("USD", Decimal("30.779"), Decimal("6.993")),
    ]
    assert load.rows(
        "SELECT transaction_id, CAST(transaction_date AS VARCHAR), transaction_type, order_id, "
        "product_category FROM raw.transactions WHERE customer_id IN ('c2', 'c4') ORDER BY 1"
    ) == [
        ("app_store-t3", "2025-06-02 10:00:00", "purchase", "t3", "pro.monthly"),
        ("app_store-t4", "2025-07-02 10:00:00", "renewal", "t4", "pro.monthly"),
        ("app_store-t7", "2025-06-02 10:00:00", "purchase", "t7", "pro.Été"),
        ("app_store-t7-refund", "2025-06-10 00:00:00", "refund", "t7", "pro.Été"),
    ]
    assert "jane@" not in kept(load)


def test_a_refund_in_a_later_file(load: Loader) -> None:
    """The line comes again, now refunded: its purchase stays, and the refund is added, once."""
    first = load.write("day1.csv", csv_text(HEADER, [FIRST]))
    take(load, first)
    assert newest_transactions(load) == [("USD", Decimal("6.993"), None)]
    assert all(outcome.repeated for outcome in take(load, first).values())
    for day in (2, 3):
        again = {**REFUNDED, "updated_at": f"2025-06-1{day} 00:00:00"}
        take(load, load.write(f"day{day}.csv", csv_text(HEADER[::-1], [again], delimiter=";")))
        assert newest_transactions(load) == [("USD", Decimal("6.993"), Decimal("6.993"))]
    assert load.rows("SELECT COUNT(DISTINCT transaction_id) FROM raw.transactions") == [(2,)]


def test_parquet_gives_the_same_figures(load: Loader) -> None:
    """The same figures from typed columns."""
    take(load, load.write("transactions.parquet", parquet(readable())))
    assert newest_transactions(load) == [
        ("EUR", Decimal("8.4915"), None),
        ("JPY", Decimal(840), Decimal(140)),
        ("USD", Decimal("30.779"), Decimal("6.993")),
    ]
    assert "jane@" not in kept(load)


def test_options_choose_the_amount(load: Loader) -> None:
    """At the price, and as RevenueCat turns it into USD."""
    path = load.write("transactions.csv", csv_text(HEADER, ROWS))
    chosen = ("revenue=price", "currency=usd")
    outcomes = ingest(load.engine, [Request(None, path, "revenuecat_transactions", chosen)])
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert newest_transactions(load) == [("USD", Decimal("62.87"), Decimal("11.34"))]


def test_instants_are_in_utc(loader_with: Callable[..., Loader]) -> None:
    """Whatever the zone of files without one is."""
    load = loader_with(source_timezone="America/New_York")
    take(load, load.write("transactions.csv", csv_text(HEADER, [FIRST])))
    [(instant,)] = load.rows("SELECT CAST(transaction_date AS VARCHAR) FROM raw.transactions")
    assert instant == "2025-06-02 10:00:00"


def test_without_a_share(load: Loader) -> None:
    """The amount received is unknown: quarantined rather than taken as the full price."""
    rows = [
        bought("c1", "t1", "10.00", takehome_percentage="", commission_percentage="0.3"),
        bought("c2", "t2", "10.00", takehome_percentage=""),
    ]
    take(load, load.write("transactions.csv", csv_text(HEADER, rows)))
    assert newest_transactions(load) == [("USD", Decimal(7), None)]
    [(_, [reason])] = load.reasons()
    assert "without a takehome_percentage" in reason


def test_the_first_line_of_a_customer_is_that_of_the_first_instant(load: Loader) -> None:
    """Not of the first text: 23:30 east of UTC is before 22:00 in UTC."""
    rows = [
        bought("c1", "t1", "1.00", first_seen_time="2025-06-01 22:00:00", country="US"),
        bought("c1", "t2", "1.00", first_seen_time="2025-06-01T23:30:00+02:00", country="DE"),
    ]
    take(load, load.write("transactions.csv", csv_text(HEADER, rows)))
    assert load.rows("SELECT registration_date::VARCHAR, country FROM raw.customers") == [
        ("2025-06-01 21:30:00", "DE")
    ]


def test_a_customer_by_the_alias(load: Loader) -> None:
    """Original ids are anonymous where the app knows the user only later."""
    known = bought("$RCAnonymousID:1", "t1", "1.00", rc_last_seen_app_user_id_alias="u1")
    other = bought("$RCAnonymousID:2", "t2", "1.00", rc_last_seen_app_user_id_alias="u1")
    never = bought("$RCAnonymousID:3", "t3", "1.00")
    text = csv_text(HEADER, [known, other, never])
    take(load, load.write("transactions.csv", text), "customer=alias")
    for table in ("customers", "transactions"):
        assert load.rows(f"SELECT DISTINCT customer_id FROM raw.{table} ORDER BY 1") == [
            ("$RCAnonymousID:3",),
            ("u1",),
        ]


@pytest.mark.parametrize(
    "column",
    ["rc_original_app_user_id", "rc_last_seen_app_user_id_alias", "store_transaction_id"],
)
def test_ids_that_a_spreadsheet_has_shortened(load: Loader, column: str) -> None:
    text = csv_text(HEADER, [{**FIRST, column: "1.20212E+11"}])
    [refused] = ingest(load.engine, [Request(None, load.write("transactions.csv", text))])
    assert refused.error is not None
    assert "shortened" in refused.error.message


def test_a_sep_line_before_the_header_is_skipped(load: Loader) -> None:
    """``sep=,`` before the header is not a record."""
    text = "sep=,\r\n" + csv_text(HEADER, [FIRST])
    assert counted(take(load, load.write("transactions.csv", text)))["customers"] == (1, 0, 1)
