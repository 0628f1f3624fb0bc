"""AppsFlyer raw data, installs and in-app events in one file, with figures added up by hand.

The file has 30 records, all of June 2025. ``N/A`` stands in every field that a row does not name.

Installs (customer, install time, cost):
  u1    06-01 10:00:00  Facebook, 111, 2.50 USD, contributors tiktok (click), google (impression)
  u2    06-01 11:00:00  Facebook, 111, 1.25 USD
  a-3   06-01 12:00:00  organic (no user id), cost 0 without a campaign
  u4    06-02 09:00:00  googleadwords_int, campaign ``Été; "Soldes"`` without an id, 3.00 EUR
  u5    06-02 10:00:00  Facebook, 111, 0.75 USD; event name empty
  u1    06-20 08:00:00  reinstall on another device, Event Name install: not the earliest
  u6    no install time that can be read: quarantined
  u7    retargeting, not the primary attribution: no install; u8 a re-engagement: none

Customers: u1, u2, a-3, u4, u5, and of events alone u9 (install 05-20) and a-10 (05-21);
the retargeting event of u11 makes none. 7 accepted, u6 quarantined.

Revenue, original: USD 9.99 + 9.99 (two equal lines in one second) + 4.00 (u9) + 0.50 (a-10)
  + 20.00 (u11) + 7.00 (u1's event in a re-engagement window, twice in the file, counted once)
  = 51.48; refund USD 9.99. EUR 100.00 (u4). JPY 1200 (u2). One amount cannot be read: quarantined.
In USD: 51.48 + 108.00 + 8.10 = 167.58.

Conversions (base USD): the same purchases at their value in USD: 167.58 in 8 rows.

Spend: 111 on 06-01 3.75 USD, on 06-02 0.75 USD; the campaign without an id 3.00 EUR.

Sessions: u1 3 (touch, click, impression), u2, u4, u5, u8's re-engagement, u11's = 8.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest

from ltv_platform.ingestion.load import Request, ingest
from ltv_platform_tests.ingestion.adapters.formats.appsflyer_files import (
    FACEBOOK,
    HEADER,
    NA,
    ROWS,
    cost,
    event,
    install,
    paid,
    written,
)
from ltv_platform_tests.ingestion.adapters.formats.exported import (
    counted,
    csv_text,
    kept,
    newest_transactions,
    take,
)
from ltv_platform_tests.testing.loader import Loader


def test_counts_and_sums_are_those_of_the_file(load: Loader) -> None:
    """Counts and sums as in the docstring of the module."""
    path = load.write("non-organic.csv", written(ROWS))
    assert len(ROWS) == 30
    outcomes = take(load, path)
    assert counted(outcomes) == {
        "customers": (7, 1, 22),
        "transactions": (9, 1, 20),
        "session_sources": (8, 0, 0),
        "conversions": (8, 0, 22),
        "campaign_costs": (3, 0, 27),
        "campaigns": (2, 0, 28),
    }
    assert load.rows(
        "SELECT customer_id, strftime(registration_date, '%m-%d %H'), country, acquisition_source, "
        "campaign_id, platform FROM raw.customers ORDER BY 2, 1"
    ) == [
        ("u9", "05-20 10", "DE", "Facebook Ads", "111", "ios"),
        ("a-10", "05-21 10", "DE", "organic", None, "ios"),
        ("u1", "06-01 10", "DE", "Facebook Ads", "111", "ios"),
        ("u2", "06-01 11", "DE", "Facebook Ads", "111", "ios"),
        ("a-3", "06-01 12", "DE", "organic", None, "ios"),
        ("u4", "06-02 09", "FR", "googleadwords_int", 'Été; "Soldes"\nnew', "android"),
        ("u5", "06-02 10", "DE", "Facebook Ads", "111", "ios"),
    ]
    assert newest_transactions(load) == [
        ("EUR", Decimal("100.00"), None),
        ("JPY", Decimal(1200), None),
        ("USD", Decimal("51.48"), Decimal("9.99")),
    ]
    assert load.rows("SELECT COUNT(*), SUM(revenue) FROM raw.conversions") == [
        (8, Decimal("167.58"))
    ]
    assert load.rows(
        "SELECT campaign_id, CAST(date AS VARCHAR), cost, currency, spend_source "
        "FROM raw.campaign_costs ORDER BY 1, 2"
    ) == [
        ("111", "2025-06-01", Decimal("3.75"), "USD", "appsflyer"),
        ("111", "2025-06-02", Decimal("0.75"), "USD", "appsflyer"),
        ('Été; "Soldes"\nnew', "2025-06-02", Decimal(3), "EUR", "appsflyer"),
    ]
    assert load.rows(
        "SELECT user_id, channel_name, strftime(session_ts, '%m-%d %H:%M'), holder_engagement, "
        "closer_engagement, impression_interaction FROM raw.session_sources "
        "WHERE user_id IN ('u1', 'u5') ORDER BY session_ts"
    ) == [
        ("u1", "googleadwords_int", "05-31 20:00", False, False, True),
        ("u1", "tiktokglobal_int", "06-01 08:00", True, False, False),
        ("u1", "Facebook Ads", "06-01 09:50", False, True, False),
        ("u5", "Facebook Ads", "06-01 22:00", False, True, True),
    ]
    assert [reasons for _, reasons in load.reasons()] == [
        ["registration_date: 'yesterday' is not a timestamp such as 2023-01-15 10:30:00"],
        ["amount: '1,5 x' is not a number"],
    ]


def test_nothing_of_persons_is_kept(load: Loader) -> None:
    """IP, city and the e-mail of Event Value; nor of a record that cannot be split."""
    broken = ",".join(["jane@example.com"] * 3)
    take(load, load.write("raw.csv", written(ROWS) + f"{broken}\r\n".encode()))
    assert "has 3 columns" in str(load.reasons())
    text = kept(load)
    for word in ("jane@", "203.0.113.9", "Musterstadt", "af_price"):
        assert word not in text


def test_a_second_time_and_a_longer_file(load: Loader) -> None:
    """The same file changes nothing; a later one, in another order, restates what it has again."""
    path = load.write("raw.csv", written(ROWS))
    take(load, path)
    assert all(outcome.repeated for outcome in take(load, path).values())
    before = newest_transactions(load)
    more = event("a-2", "06-30", FACEBOOK)
    later = [*reversed(ROWS), {**more, **paid("1.00", "USD", "1.00")}]
    take(load, load.write("later.csv", csv_text(HEADER[::-1], later, delimiter=";")))
    after = newest_transactions(load)
    assert after[:2] == before[:2]
    assert after[2] == ("USD", Decimal("52.48"), Decimal("9.99"))
    [(sessions,)] = load.rows("SELECT COUNT(DISTINCT session_id) FROM raw.session_sources")
    assert sessions == 8


def test_events_without_installs_give_each_customer_once(load: Loader) -> None:
    """Without installs in the file, each customer comes once, by the time of the install.

    The install's own row counts before them, whenever it comes: the country is where the
    install was, not where an event was.
    """
    take(load, load.write("installs.csv", written(ROWS[:9])))
    take(load, load.write("events.csv", written(ROWS[9:])))
    assert load.rows(
        "SELECT customer_id, country FROM raw.customers WHERE customer_id IN ('u1', 'u11') "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY customer_id "
        "ORDER BY registration_date, updated_at DESC NULLS LAST) = 1"
    ) == [("u1", "DE")]
    assert newest_transactions(load)[2] == ("USD", Decimal("51.48"), Decimal("9.99"))


def test_options_choose_currency_and_customer(load: Loader) -> None:
    """All in USD; a device is a customer; no spend."""
    path = load.write("raw.csv", written(ROWS))
    reference = "appsflyer_raw"
    outcomes = ingest(
        load.engine,
        [Request(None, path, reference, ("revenue=usd", "customer=device", "costs=none"))],
    )
    assert [outcome.error for outcome in outcomes] == [None] * 6
    assert newest_transactions(load) == [("USD", Decimal("167.58"), Decimal("9.99"))]
    assert load.rows("SELECT COUNT(*) FROM raw.campaign_costs") == [(0,)]
    assert load.rows("SELECT customer_id FROM raw.customers WHERE customer_id LIKE 'u%'") == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8"])
def test_optional_columns_may_be_missing(load: Loader, encoding: str) -> None:
    """Columns that may be missing are; tabs and UTF-16, as Excel saves them."""
    needed = ["Install Time", "Event Time", "Event Name", "Media Source", "AppsFlyer ID"]
    header = [*needed, "Event Revenue", "Event Revenue Currency"]
    rows = [{name: row[name] for name in header if name in row} for row in ROWS]
    text = csv_text(header, rows, delimiter="\t", empty=NA)
    take(load, load.write("raw.csv", text.encode(encoding)))
    assert newest_transactions(load)[0] == ("EUR", Decimal("100.00"), None)
    lacks = csv_text(needed[:-1], [{"Install Time": "2025-06-01 10:00:00"}])
    [refused] = ingest(load.engine, [Request(None, load.write("other.csv", lacks))])
    assert refused.error is not None
    assert "AppsFlyer ID" in refused.error.message


def test_an_install_that_stands_twice_costs_once(load: Loader) -> None:
    """Its other lines, however they write its time and its cost; another install adds up."""
    once = install("a-1", "u1", "2025-06-01 10:00:00", FACEBOOK, cost("2.50", "USD"))
    again = {**once, "Install Time": "2025-06-01T10:00:00.000", "Cost Value": "2.5"}
    other = install("a-2", "u2", "2025-06-01 10:00:00", FACEBOOK, cost("2.50", "USD"))
    take(load, load.write("raw.csv", written([once, once, again, other])))
    assert load.rows("SELECT cost FROM raw.campaign_costs") == [(Decimal(5),)]


def test_one_instant_however_it_is_written(loader_with: Callable[..., Loader]) -> None:
    """Files with an offset, without one, with fractions: one purchase, one touch."""
    load = loader_with(source_timezone="Europe/Berlin")
    for number, time in enumerate(
        (
            "2025-06-03 10:00:00+0000",
            "2025-06-03 12:00:00",
            "2025-06-03 12:00:00.000",
            "2025-06-03T05:00:00-05:00",
            "2025-06-03 10:00:00 +0000",
        )
    ):
        touched = {"Event Time": time, "Attributed Touch Time": time}
        sale = event("a-1", "06-03", FACEBOOK, paid("9.99", "USD", "9.99"), touched)
        take(load, load.write(f"{number}.csv", written([sale])))
    for table, key, moment in (
        ("transactions", "transaction_id", "transaction_date"),
        ("conversions", "conv_id", "conversion_ts"),
        ("session_sources", "session_id", "session_ts"),
    ):
        assert load.rows(
            f"SELECT COUNT(DISTINCT {key}), MIN({moment})::VARCHAR, MAX({moment})::VARCHAR "
            f"FROM raw.{table}"
        ) == [(1, "2025-06-03 10:00:00", "2025-06-03 10:00:00")]
    assert load.reasons() == []


def test_an_offset_moves_the_day(load: Loader) -> None:
    """23:30 five hours west of UTC is the next day."""
    late = {"Event Time": "2025-05-05 23:30:00-0500"}
    sale = event("a-1", "05-05", FACEBOOK, paid("9.99", "USD", "9.99"), late)
    sale["Attributed Touch Time"] = "2025-05-05 23:00:00-0500"
    take(load, load.write("raw.csv", written([sale])))
    assert load.rows("SELECT conversion_ts::VARCHAR FROM raw.conversions") == [
        ("2025-05-06 04:30:00",)
    ]
    assert load.rows("SELECT session_ts::VARCHAR FROM raw.session_sources") == [
        ("2025-05-06 04:00:00",)
    ]


@pytest.mark.parametrize("column", ["Campaign ID", "Customer User ID"])
def test_ids_that_a_spreadsheet_has_shortened(load: Loader, column: str) -> None:
    shortened = install("a-1", "u1", "2025-06-01 10:00:00", FACEBOOK, {column: "1.20212E+11"})
    [refused] = ingest(load.engine, [Request(None, load.write("raw.csv", written([shortened])))])
    assert refused.error is not None
    assert "shortened" in refused.error.message


def test_revenue_of_another_source(load: Loader) -> None:
    """Neither transactions nor conversions; installs, touches and spend stay."""
    outcomes = take(load, load.write("raw.csv", written(ROWS)), "revenue=none")
    taken = {table: accepted for table, (accepted, _, _) in counted(outcomes).items()}
    assert taken["transactions"] == taken["conversions"] == 0
    assert taken["customers"] == 7
    assert taken["campaign_costs"] == 3
    assert [reasons[0][:17] for _, reasons in load.reasons()] == ["registration_date"]


def test_a_sep_line_before_the_header_is_skipped(load: Loader) -> None:
    """``sep=,`` before the header is not a record."""
    text = b"sep=,\r\n" + csv_text(HEADER, ROWS[:2], empty=NA).encode()
    assert counted(take(load, load.write("raw.csv", text)))["customers"] == (2, 0, 1)
