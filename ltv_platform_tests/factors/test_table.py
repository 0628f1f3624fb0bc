"""metrics.md, What customers have in common: windows, levels and the published table."""

from decimal import Decimal
from typing import Any

import pytest

from ltv_platform_tests.testing.home import Home

CUSTOMERS = (
    "customer_id,registration_date,country,city,age,gender,acquisition_source,segment,is_active"
)
TRANSACTIONS = (
    "transaction_id,customer_id,transaction_date,amount,is_refund,product_category,payment_method"
)
INTERACTIONS = (
    "interaction_id,customer_id,interaction_date,interaction_type,channel,satisfaction_score"
)


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """All that registered until 2025-07-03 are mature at 180 days."""
    return Home(tmp_path_factory.mktemp("home"), as_of="2025-12-31")


def _levels(home: Home, factor: str) -> dict[str, dict[str, Any]]:
    rows = home.published(f"SELECT * FROM ltv_influencing_factors WHERE factor = '{factor}'")
    return {row["level"]: row for row in rows}


def test_the_target_is_days_31_to_180(home: Home) -> None:
    """24-hour days, half-open: from 30 × 24 h after registration to before 180 × 24 h."""
    home.load(
        "customers",
        "a,2025-01-01 10:00:00,DE,Köln,30,f,ads,plus,1",
        "b,2025-01-01 10:00:00,DE,,,,,,0",
        "c,2025-01-01 10:00:00,US,,17,,,,",
        "young,2025-07-05,FR,,,,,,1",
        header=CUSTOMERS,
    )
    home.load(
        "transactions",
        "t0,a,2024-12-31 10:00:00,1000,0,early,",  # before registration
        "t1,a,2025-01-31 09:59:59,500,0,toys,card",
        "t2,a,2025-01-31 10:00:00,1,0,late,cash",
        "t3,a,2025-06-30 09:59:59,10,0,late,cash",
        "t4,a,2025-06-30 10:00:00,100,0,late,cash",
        "t5,b,2025-03-01,7,0,,",
        "t6,b,2025-03-02,9,1,,",
        "t7,c,2025-03-01,5,0,,",
        "t8,young,2025-09-01,5,0,,",
        header=TRANSACTIONS,
    )
    home.publish()
    everyone = _levels(home, "(all)")["(all)"]
    assert (everyone["customers"], everyone["payers"], everyone["floored_customers"]) == (3, 2, 1)
    assert everyone["avg_ltv"] == pytest.approx(16 / 3)
    assert everyone["median_ltv"] == Decimal(5)
    assert everyone["avg_transactions"] == pytest.approx(4 / 3)
    assert everyone["status"] == "too_few_customers"
    assert {name: row["avg_ltv"] for name, row in _levels(home, "country").items()} == {
        "DE": 5.5,
        "US": 5.0,
    }
    assert set(_levels(home, "city")) == {"Köln", "(unknown)"}
    assert set(_levels(home, "age_band")) == {"25-34", "0-17", "(unknown)"}
    assert set(_levels(home, "product_category")) == {"toys", "(none)"}
    assert set(_levels(home, "is_active")) == {"yes", "no", "(unknown)"}
    for factor in ("gender", "segment", "acquisition_source", "payment_method", "channel"):
        assert sum(row["customers"] for row in _levels(home, factor).values()) == 3


def test_behavior_is_that_of_the_first_30_days(home: Home) -> None:
    """Category and payment with the most revenue, most frequent type and channel; ties by name."""
    home.load("customers", "a,2025-01-01,,,,,,,", "b,2025-01-01,,,,,,,", header=CUSTOMERS)
    home.load(
        "transactions",
        "t1,a,2025-01-02,6,0,toys,card",
        "t2,a,2025-01-03,6,0,books,card",
        "t3,a,2025-01-04,11,0,,cash",
        "t4,a,2025-02-01,99,0,food,cheque",
        "t5,b,2025-01-02,5,0,toys,cash",
        "t6,b,2025-01-02,5,0,books,card",
        "t7,b,2025-01-03,50,1,food,cheque",
        header=TRANSACTIONS,
    )
    home.load(
        "customer_interactions",
        "i1,a,2025-01-02,login,app,2",
        "i2,a,2025-01-03,login,,3",
        "i3,a,2025-01-04,chat,,",
        "i4,a,2025-03-04,email,web,5",
        "i5,b,2025-03-04,email,web,5",
        header=INTERACTIONS,
    )
    home.publish()
    assert set(_levels(home, "product_category")) == {"(unknown)", "books"}
    assert set(_levels(home, "payment_method")) == {"card"}
    assert set(_levels(home, "interaction_type")) == {"login", "(none)"}
    assert set(_levels(home, "channel")) == {"(unknown)", "(none)"}
    assert set(_levels(home, "satisfaction")) == {"2.5 to below 3.5", "(none)"}


def test_large_amounts_do_not_overflow(home: Home) -> None:
    """A square of a thousand overflowed the engine's product of two amounts; now none does."""
    home.load("customers", "a,2025-01-01,DE,,,,,,", "b,2025-01-01,DE,,,,,,", header=CUSTOMERS)
    home.load(
        "transactions",
        "t1,a,2025-03-01,2323.61,0,,",
        "t2,b,2025-03-01,499999999999.999999,0,,",
        header=TRANSACTIONS,
    )
    home.publish()
    assert _levels(home, "country")["DE"]["avg_ltv"] == pytest.approx(250000001161.805)


def test_calendar_windows_count_whole_days(tmp_path_factory: pytest.TempPathFactory) -> None:
    """LTV_WINDOW=calendar counts whole reporting days, and matures a day earlier."""
    home = Home(tmp_path_factory.mktemp("home"), window="calendar", as_of="2025-06-29")
    home.load("customers", "a,2025-01-01 10:00:00,DE,,,,,,", header=CUSTOMERS)
    home.load(
        "transactions",
        "t1,a,2025-01-30 23:59:59,500,0,,",
        "t2,a,2025-01-31 00:00:00,1,0,,",
        "t3,a,2025-06-29 23:59:59,10,0,,",
        header=TRANSACTIONS,
    )
    home.publish()
    assert _levels(home, "(all)")["(all)"]["avg_ltv"] == 11


def test_no_customers_no_mature_ones(home: Home) -> None:
    """Without customers no row; without mature ones a row that says so."""
    home.publish()
    assert home.published("SELECT * FROM ltv_influencing_factors") == []
    home.load("customers", "a,2025-12-01,DE,,,,,,", header=CUSTOMERS)
    home.publish()
    row = home.one("SELECT * FROM ltv_influencing_factors")
    assert (row["factor"], row["customers"], row["avg_ltv"], row["status"]) == (
        "(all)",
        0,
        None,
        "too_few_customers",
    )


def test_a_planted_premium_is_found_from_files_to_snapshot(home: Home) -> None:
    """Segment premium brings twice as much: its multiplier says so; the setting is followed."""
    people, bought = [], []
    for number in range(240):
        segment = "premium" if number % 3 == 0 else "standard"
        city = "rare" if number < 12 else "Rome"
        people.append(f"c{number},2025-01-0{1 + number % 9},IT,{city},,,,{segment},")
        amount = (10 + number % 7) * (2 if segment == "premium" else 1)
        if number % 4:
            bought.append(f"t{number},c{number},2025-04-01,{amount},0,,")
    home.load("customers", *people, header=CUSTOMERS)
    home.load("transactions", *bought, header=TRANSACTIONS)
    home.publish()
    premium = _levels(home, "segment")["premium"]
    assert premium["multiplier"] == pytest.approx(2 / (4 / 3), rel=0.03)
    assert premium["multiplier_lower"] < 1.5 < premium["multiplier_upper"]
    assert premium["significant"] is True
    assert _levels(home, "country")["IT"]["status"] == "one_level"
    assert _levels(home, "city")["rare"]["status"] == "pooled"
    stale = home.under(factor_min_customers=120).plan().assets
    assert stale == ("marts.ltv_influencing_factors",)
