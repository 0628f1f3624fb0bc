"""metrics.md §1, Money: conversion in core, what waits for a rate, and reconciliation."""

from datetime import date
from decimal import Decimal

import pytest

from ltv_platform_tests.testing.home import CAMPAIGNS, HEADERS, Home

SALES = HEADERS["transactions"] + ",currency"
COSTS = HEADERS["campaign_costs"] + ",currency"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Rates of the 1st and the 3rd; foreign rows before, between, just in time, and too late."""
    home = Home(
        tmp_path_factory.mktemp("home"),
        groups=CAMPAIGNS,
        as_of="2025-01-31",
        start_date="2024-12-25",
    )
    home.load("fx_rates", "2025-01-01,EUR,1.10", "2025-01-03,EUR,1.20", "2025-01-03,JPY,0.00650001")
    home.load("customers", "a,2024-12-30 10:00:00,US,ads,c1")
    days = ("2024-12-31", "2025-01-01", "2025-01-02", "2025-01-10", "2025-01-11")
    home.load(
        "transactions",
        *(f"e{place},a,{day} 12:00:00,100,0,EUR" for place, day in enumerate(days)),
        "refund,a,2025-01-11 12:00:00,30,1,EUR",
        "jpy,a,2025-01-03 12:00:00,1000.000001,0,JPY",
        "usd,a,2025-01-03 12:00:00,5,0,USD",
        "base,a,2025-01-03 12:00:00,6,0,",
        "none,a,2025-01-03 12:00:00,7,0,CHF",
        header=SALES,
    )
    home.load(
        "campaign_costs",
        *(f"c1,{day},US,10,EUR" for day in days),
        "c1,2025-01-02,US,3,USD",
        "c1,2025-01-02,DE,4,CHF",
        header=COSTS,
    )
    home.publish()
    return home


def test_the_newest_rate_at_most_seven_days_old_counts(home: Home) -> None:
    """Conversion in core on the revenue side: the newest rate at most 7 days old."""
    rows = home.values("SELECT transaction_id, amount FROM transactions ORDER BY 1")
    assert dict(rows) == {
        "base": 6,
        "e1": 110,
        "e2": 110,  # the rate of the 3rd is of a later day
        "e3": 120,  # 7 days after the 3rd
        "jpy": Decimal("6.500010"),
        "usd": 5,
    }
    source = home.values("SELECT source_amount, source_currency FROM transactions ORDER BY 1")
    assert source[-1] == (Decimal("1000.000001"), "JPY")


def test_costs_are_converted_alike(home: Home) -> None:
    """… **and** on the cost side."""
    spend = home.values("SELECT date, spend FROM campaign_spend ORDER BY date")
    assert spend == [
        (date(2025, 1, 1), 11),
        (date(2025, 1, 2), 14),  # 10 EUR and 3 USD; the 4 CHF wait
        (date(2025, 1, 10), 12),
    ]


def test_what_has_no_rate_waits_and_is_counted(home: Home) -> None:
    """Without one the row waits, counted and shown: never a 1:1 guess."""
    columns = "table_name, event_date, currency, owner, waiting_rows, gross_amount, refund_amount"
    waiting = home.values(f"SELECT {columns} FROM waiting_for_rate ORDER BY ALL")
    assert waiting == [
        ("campaign_costs", date(2024, 12, 31), "EUR", "c1", 1, 10, 0),
        ("campaign_costs", date(2025, 1, 2), "CHF", "c1", 1, 4, 0),
        ("campaign_costs", date(2025, 1, 11), "EUR", "c1", 1, 10, 0),
        ("transactions", date(2024, 12, 31), "EUR", "a", 1, 100, 0),
        ("transactions", date(2025, 1, 3), "CHF", "a", 1, 7, 0),
        ("transactions", date(2025, 1, 11), "EUR", "a", 2, 100, 30),
    ]
    buckets = home.values(
        "SELECT event_date, transactions, net_revenue FROM revenue_reconciliation "
        "WHERE bucket = '(waiting for rate)' ORDER BY 1"
    )
    assert buckets == [
        (date(2024, 12, 31), 1, None),
        (date(2025, 1, 3), 1, None),
        (date(2025, 1, 11), 2, None),
    ]


def test_rows_enter_when_a_rate_arrives(tmp_path_factory: pytest.TempPathFactory) -> None:
    """… and enters when a rate arrives, on its day and the seven after."""
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS, as_of="2025-01-31")
    home.load("customers", "a,2025-01-01 10:00:00,US,ads,c1")
    home.load("transactions", "t1,a,2025-01-08 12:00:00,100,0,EUR", header=SALES)
    home.load("campaign_costs", "c1,2025-01-01,US,10,EUR", header=COSTS)
    home.publish()
    roas = "SELECT spend, revenue_d30, roas_d30 FROM campaign_roas"
    assert home.values(roas) == [(None, None, None)]
    home.load("fx_rates", "2025-01-01,EUR,1.5")
    home.publish()
    assert home.values(roas) == [(15, 150, 10.0)]
    assert home.values("SELECT * FROM waiting_for_rate") == []
    home.load("fx_rates", "2025-01-01,EUR,2")  # corrected
    home.load("fx_rates", "2025-01-08,EUR,4")  # newer for one of them
    home.publish()
    assert home.values(roas) == [(20, 400, 20.0)]


def test_the_base_currency_is_a_setting(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One base currency (`LTV_CURRENCY`); NULL = base."""
    home = Home(
        tmp_path_factory.mktemp("home"), groups=CAMPAIGNS, as_of="2025-01-31", currency="EUR"
    )
    home.load("fx_rates", "2025-01-01,USD,0.5")
    home.load(
        "transactions",
        *(f"t{currency},a,2025-01-01 12:00:00,8,0,{currency}" for currency in ("", "EUR", "USD")),
        header=SALES,
    )
    home.publish()
    amounts = home.values("SELECT source_currency, amount FROM transactions ORDER BY ALL")
    assert amounts == [("EUR", 8), ("EUR", 8), ("USD", 4)]


def test_buckets_add_up_to_the_source(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`revenue_reconciliation` has one row per event day and bucket; what goes in comes out."""
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS, as_of="2025-03-31")
    home.load(
        "customers",
        "paid,2025-01-02 10:00:00,US,ads,c1",
        "organic,2025-01-02 10:00:00,US,organic,",
        "unlabelled,2025-01-02 10:00:00,US,ads,",
    )
    rows = [
        ("paid", "2025-01-02 11:00:00", 1, 0, "campaigns"),
        ("paid", "2025-01-02 12:00:00", 2, 1, "campaigns"),
        ("organic", "2025-01-02 11:00:00", 4, 0, "(organic)"),
        ("unlabelled", "2025-01-02 11:00:00", 8, 0, "(unknown) campaign"),
        ("nobody", "2025-01-02 11:00:00", 16, 0, "(unknown) customer"),
        ("organic", "2025-01-02 09:00:00", 32, 0, "(before install)"),
        ("unlabelled", "2025-03-02 09:00:00", 64, 0, "(beyond horizon)"),
    ]
    home.load(
        "transactions",
        *(
            f"t{place},{customer},{when},{amount},{refund}"
            for place, (customer, when, amount, refund, _) in enumerate(rows)
        ),
    )
    home.publish()
    expected: dict[tuple[str, str], list[int]] = {}
    for _, when, amount, refund, bucket in rows:
        sums = expected.setdefault((when[:10], bucket), [0, 0, 0])
        sums[0] += 1
        sums[1 + refund] += amount
    given = home.values(
        "SELECT CAST(event_date AS VARCHAR), bucket, transactions, gross_revenue, refund_amount, "
        "net_revenue FROM revenue_reconciliation"
    )
    assert {(day, bucket): figures for day, bucket, *figures in given} == {
        key: [count, gross, refunds, gross - refunds]
        for key, (count, gross, refunds) in expected.items()
    }
    assert len(given) == len(expected)
    home.load("customers", "nobody,2025-01-01 10:00:00,US,ads,c1")
    home.publish()
    assert home.values("SELECT 1 FROM revenue_reconciliation WHERE bucket LIKE '%customer'") == []
    assert home.values("SELECT SUM(net_revenue) FROM revenue_reconciliation") == [123]
