"""An Adjust raw data export, names in braces and unix seconds, with figures added up by hand.

The file has 30 records; 1748772000 is 2025-06-01 10:00:00 UTC, and a day has 86400 seconds.

Installs:
  d1 06-01 10:00:00  Facebook, ``Summer (111)``, clicked 60 s before, cost 2.50 USD
  d2 06-01 11:00:00  Facebook, ``Summer (111)``, seen 60 s before, cost 1.25 USD
  d3 06-01 12:00:00  organic by is_organic, cost 0; d4 06-02 10:00:00 by its network
  d5 06-02 10:00:00  tracker only: ``TikTok::Été::ad``, cost 3.00 EUR
  d6 sandbox; d7 created_at ``soon``: quarantined
Customers: d1 to d5 are accepted, d7 is quarantined.

Revenue: USD 9.99 + 9.99 (equal lines of one second) + 0.123457 (an ad, 0.12345678) + 5.00
  = 25.103457; refund 9.99 USD; EUR 100.00. ``abc`` is quarantined, 0 and sandbox are left out.
Conversions in USD: the four purchases, 25.103457.
Spend: 111 on 06-01 3.75 USD, Été on 06-02 3.00 EUR.
Sessions: d1, d2, d5, d7 (its time cannot be read: quarantined) and the reattribution of d1.
"""

from collections.abc import Callable
from decimal import Decimal

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

NAMES = names(
    """
adid,tracker_name,activity_kind,created_at,installed_at,click_time,impression_time,
cost_type,cost_amount,cost_currency,reporting_cost,network_name,campaign_name,adgroup_name,
creative_name,is_organic,country,os_name,environment,ip_address,event_name,
reporting_revenue,reporting_currency
"""
)
NOON = 1748772000  # two hours before it
DAY = 86400
FACEBOOK = {"network_name": "Facebook", "campaign_name": "Summer (111)", "is_organic": "0"}


def row(device: str, kind: str, at: object, *more: dict[str, str]) -> dict[str, str]:
    made = {
        "adid": device,
        "activity_kind": kind,
        "created_at": str(at),
        "country": "de",
        "os_name": "iOS",
        "environment": "production",
        "ip_address": "203.0.113.9",
    }
    for each in more:
        made.update(each)
    return made


def paid(revenue: str, currency: str, name: str = "purchase") -> dict[str, str]:
    return {"event_name": name, "reporting_revenue": revenue, "reporting_currency": currency}


def cost(amount: str, currency: str) -> dict[str, str]:
    return {"cost_type": "CPI", "cost_amount": amount, "cost_currency": currency}


def installed(device: str, at: int, *more: dict[str, str]) -> dict[str, str]:
    return row(device, "install", at + 5, {"installed_at": str(at)}, *more)


ROWS = [
    installed("d1", NOON, FACEBOOK, cost("2.50", "USD"), {"click_time": str(NOON - 60)}),
    installed("d2", NOON + 3600, FACEBOOK, cost("1.25", "USD"), {"impression_time": "1748775540"}),
    installed("d3", NOON + 7200, cost("0", ""), {"is_organic": "1", "tracker_name": "Organic"}),
    installed("d4", NOON + DAY, {"network_name": "Organic"}),
    installed("d5", NOON + DAY, cost("3.00", "EUR"), {"tracker_name": "TikTok::Été::ad"}),
    installed("d6", NOON, FACEBOOK, cost("9.00", "USD"), {"environment": "sandbox"}),
    row("d7", "install", "soon", FACEBOOK),
    row("d1", "event", NOON + 60, FACEBOOK, paid("9.99", "USD")),
    row("d1", "event", NOON + 60, FACEBOOK, paid("9.990", "USD")),
    row("d1", "event", NOON + 600, FACEBOOK, paid("-9.99", "USD", "refund")),
    row("d2", "event", NOON + 700, FACEBOOK, paid("100", "EUR")),
    row("d2", "ad_revenue", NOON + 800, FACEBOOK, paid("0.12345678", "USD", "")),
    row("d3", "event", NOON + 900, paid("5.00", "USD")),
    row("d3", "event", NOON + 910, paid("abc", "USD")),
    row("d3", "event", NOON + 920, paid("0", "USD")),
    row("d6", "event", NOON + 930, paid("50.00", "USD"), {"environment": "sandbox"}),
    row("d1", "reattribution", NOON + 5 * DAY, FACEBOOK, {"click_time": str(NOON + 5 * DAY - 9)}),
    row("d1", "reinstall", NOON + 6 * DAY, FACEBOOK),
    row("d9", "rejected_install", NOON, FACEBOOK, cost("7.00", "USD")),
    row("", "click", NOON - 60, FACEBOOK),
    *(row("d2", "session", NOON + 1000 * n) for n in range(10)),
]


def written(rows: list[dict[str, str]], header: list[str] = NAMES, *, braces: bool = True) -> str:
    named = {name: f"{{{name}}}" if braces else name for name in header}
    given = [{named[k]: value for k, value in row.items() if k in named} for row in rows]
    return csv_text(list(named.values()), given)


def test_counts_and_sums_are_those_of_the_file(load: Loader) -> None:
    """Counts and sums as the docstring of the module has them."""
    assert len(ROWS) == 30
    path = load.write("export.csv", written(ROWS))
    assert counted(take(load, path)) == {
        "customers": (5, 1, 24),
        "transactions": (6, 1, 23),
        "session_sources": (4, 1, 25),
        "conversions": (4, 0, 26),
        "campaign_costs": (2, 0, 28),
        "campaigns": (2, 0, 28),
    }
    assert load.rows(
        "SELECT customer_id, strftime(registration_date, '%m-%d %H:%M:%S'), country, "
        "acquisition_source, campaign_id, platform FROM raw.customers ORDER BY 1"
    ) == [
        ("d1", "06-01 10:00:00", "de", "Facebook", "111", "ios"),
        ("d2", "06-01 11:00:00", "de", "Facebook", "111", "ios"),
        ("d3", "06-01 12:00:00", "de", "organic", None, "ios"),
        ("d4", "06-02 10:00:00", "de", "organic", None, "ios"),
        ("d5", "06-02 10:00:00", "de", "TikTok", "Été", "ios"),
    ]
    assert newest_transactions(load) == [
        ("EUR", Decimal(100), None),
        ("USD", Decimal("25.103457"), Decimal("9.99")),
    ]
    assert load.rows("SELECT SUM(revenue) FROM raw.conversions") == [(Decimal("25.103457"),)]
    assert load.rows(
        "SELECT campaign_id, CAST(date AS VARCHAR), cost, currency, spend_source "
        "FROM raw.campaign_costs ORDER BY 1"
    ) == [
        ("111", "2025-06-01", Decimal("3.75"), "USD", "adjust"),
        ("Été", "2025-06-02", Decimal(3), "EUR", "adjust"),
    ]
    assert load.rows(
        "SELECT user_id, channel_name, strftime(session_ts, '%m-%d %H:%M:%S'), "
        "impression_interaction FROM raw.session_sources ORDER BY session_ts"
    ) == [
        ("d1", "Facebook", "06-01 09:59:00", False),
        ("d2", "Facebook", "06-01 10:59:00", True),
        ("d5", "TikTok", "06-02 10:00:05", False),
        ("d1", "Facebook", "06-06 09:59:51", False),
    ]
    assert load.rows("SELECT campaign_id, campaign_name FROM raw.campaigns ORDER BY 1") == [
        ("111", "Summer (111)"),
        ("Été", "Été"),
    ]
    assert "203.0.113.9" not in kept(load)


def test_a_second_time_and_later(load: Loader) -> None:
    """Plain names in another order, and the same rows again: nothing doubles."""
    path = load.write("export.csv", written(ROWS))
    take(load, path)
    assert all(outcome.repeated for outcome in take(load, path).values())
    before = newest_transactions(load)
    later = [*reversed(ROWS), row("d3", "event", NOON + 999, paid("1.00", "USD"))]
    take(load, load.write("later.csv", written(later, NAMES[::-1], braces=False)))
    after = newest_transactions(load)
    assert after[0] == before[0]
    assert after[1] == ("USD", Decimal("26.103457"), Decimal("9.99"))


def test_days_and_times_of_other_zones(loader_with: Callable[..., Loader]) -> None:
    """Unix seconds have a zone, whatever LTV_SOURCE_TIMEZONE is; spend has the reporting day."""
    load = loader_with(source_timezone="Europe/Berlin", timezone="Asia/Tokyo")
    clicked = {"click_time": str(NOON)}
    late = installed("d1", NOON + 6 * 3600, FACEBOOK, cost("1.00", "USD"), clicked)
    sale = row("d1", "event", NOON, paid("1.00", "USD"))
    take(load, load.write("export.csv", written([late, sale])))
    moments = "SELECT {} FROM raw.{}"
    utc = [
        load.rows(moments.format(f"CAST({column} AS VARCHAR)", table))[0][0]
        for column, table in (
            ("registration_date", "customers"),
            ("transaction_date", "transactions"),
            ("session_ts", "session_sources"),
            ("conversion_ts", "conversions"),
            ("date", "campaign_costs"),
        )
    ]
    assert utc == [
        "2025-06-01 16:00:00",
        *["2025-06-01 10:00:00"] * 3,
        "2025-06-02",
    ]


def test_options_and_few_columns(load: Loader) -> None:
    """Revenue as the app sent it, in its own currency; three columns are enough to be known."""
    header = names("adid,activity_kind,created_at,reporting_revenue,reporting_currency")
    header += ["revenue_float", "currency"]
    sale = row("d1", "event", NOON, paid("10.80", "EUR"))
    sale |= {"reporting_revenue": "10.80", "reporting_currency": "USD"}
    sale |= {"revenue_float": "10.00", "currency": "EUR"}
    path = load.write("export.csv", written([sale, row("d1", "install", NOON)], header))
    take(load, path)
    assert newest_transactions(load) == [("USD", Decimal("10.80"), None)]
    original = ingest(load.engine, [Request(None, path, "adjust_raw", ("revenue=original",))])
    assert [outcome.error for outcome in original] == [None] * 6
    assert newest_transactions(load) == [("EUR", Decimal(10), None)]
    other = load.write("other.csv", "{adid},{created_at}\nd1,1748772000\n")
    [refused] = ingest(load.engine, [Request(None, other)])
    assert refused.error is not None
    assert "activity_kind" in refused.error.message


def test_an_install_that_stands_twice_costs_once(load: Loader) -> None:
    """Its other lines, however they write its cost; another install adds up."""
    once = installed("d1", NOON, FACEBOOK, cost("2.50", "USD"))
    again = {**once, "installed_at": "2025-06-01T10:00:00Z", "cost_amount": "2.5"}
    other = installed("d2", NOON, FACEBOOK, cost("2.50", "USD"))
    take(load, load.write("export.csv", written([once, once, again, other])))
    assert load.rows("SELECT cost FROM raw.campaign_costs") == [(Decimal(5),)]


def test_instants_that_are_written_out(loader_with: Callable[..., Loader]) -> None:
    """As unix seconds, in UTC, with an offset: the same purchase and the same touch."""
    load = loader_with(source_timezone="America/New_York")
    for number, time in enumerate(
        (str(NOON), "2025-06-01T10:00:00Z", "2025-06-01 05:00:00-0500", "2025-06-01 06:00:00")
    ):
        sale = row("d1", "event", time, FACEBOOK, paid("9.99", "USD"))
        touch = row("d1", "install", time, FACEBOOK, {"click_time": time}, cost("1", "USD"))
        take(load, load.write(f"{number}.csv", written([sale, touch])))
    for table, key, moment in (
        ("transactions", "transaction_id", "transaction_date"),
        ("conversions", "conv_id", "conversion_ts"),
        ("session_sources", "session_id", "session_ts"),
        ("customers", "customer_id", "registration_date"),
    ):
        assert load.rows(
            f"SELECT COUNT(DISTINCT {key}), MIN({moment})::VARCHAR, MAX({moment})::VARCHAR "
            f"FROM raw.{table}"
        ) == [(1, "2025-06-01 10:00:00", "2025-06-01 10:00:00")]
    assert load.reasons() == []


@pytest.mark.parametrize("column", ["adid", "campaign_name"])
def test_ids_that_a_spreadsheet_has_shortened(load: Loader, column: str) -> None:
    shortened = installed("d1", NOON, FACEBOOK, {column: "1.20212E+11"})
    [refused] = ingest(load.engine, [Request(None, load.write("raw.csv", written([shortened])))])
    assert refused.error is not None
    assert "shortened" in refused.error.message


def test_the_currency_of_the_event_is_not_that_of_reports(load: Loader) -> None:
    """Without reporting_currency: what the app sent, else the base currency."""
    header = names("adid,activity_kind,created_at,event_name,reporting_revenue,currency")
    sale = row("d1", "event", NOON, {"reporting_revenue": "10.80", "currency": "EUR"})
    take(load, load.write("without.csv", written([sale], header)))
    # None is the base currency.
    assert newest_transactions(load) == [(None, Decimal("10.80"), None)]
    assert load.rows("SELECT revenue FROM raw.conversions") == [(Decimal("10.80"),)]
    sent = [{**sale, "revenue_float": "10.00"}]
    take(load, load.write("with.csv", written(sent, [*header, "revenue_float"])))
    assert newest_transactions(load) == [("EUR", Decimal(10), None)]


def test_a_sep_line_before_the_header_is_skipped(load: Loader) -> None:
    """``sep=,`` before the header is not a record."""
    text = "sep=,\r\n" + written([installed("d1", NOON)])
    assert counted(take(load, load.write("export.csv", text)))["customers"] == (1, 0, 1)
