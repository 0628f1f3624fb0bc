"""metrics.md §2: which events lie within a horizon; net, gross and refunded amounts."""

from decimal import Decimal
from pathlib import Path

import pytest

from ltv_platform.checks import table_checks
from ltv_platform.contracts.model import MONEY, TOTAL
from ltv_platform_tests.testing.home import CAMPAIGNS, Home

BOUNDARIES = (
    "before,a,2025-01-01 09:59:59.999999,32,0",
    "at_install,a,2025-01-01 10:00:00,1,0",
    "last_of_d1,a,2025-01-02 09:59:59.999999,2,0",
    "first_after_d1,a,2025-01-02 10:00:00,4,0",
    "last_of_d7,a,2025-01-08 09:59:59.999999,8,0",
    "first_after_d7,a,2025-01-08 10:00:00,16,0",
    "last_of_d30,a,2025-01-31 09:59:59.999999,64,0",
    "first_after_d30,a,2025-01-31 10:00:00,128,0",
)


@pytest.fixture(scope="module", params=["hours", "calendar"])
def boundaries(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """One customer with a purchase on either side of every boundary."""
    home = Home(
        tmp_path_factory.mktemp("home"),
        groups=CAMPAIGNS,
        window=request.param,
        as_of="2025-03-31",
        horizons=(1, 3, 7, 8, 30),
        user_horizons=(7, 8),
    )
    home.load("customers", "a,2025-01-01 10:00:00,US,ads,c1")
    home.load("transactions", *BOUNDARIES)
    home.publish()
    return home


def test_windows_are_half_open(boundaries: Home) -> None:
    """`0 <= event_ts − install_ts < N·24h`; LTV_WINDOW=calendar: whole reporting days.

    AppsFlyer's "D7" is days 0..7 = our calendar `d8`.
    """
    row = boundaries.one("SELECT * FROM campaign_ltv")
    revenue = [row[f"revenue_d{n}"] for n in (1, 3, 7, 8, 30)]
    if boundaries.settings.window == "hours":
        assert revenue == [3, 7, 15, 31, 95]
    else:
        assert revenue == [33, 39, 39, 63, 63]
    assert row["revenue_to_date"] == revenue[-1]


def test_user_revenue_has_the_same_windows(boundaries: Home) -> None:
    """`user_revenue` (grain customer): revenue_d7, transactions_d7; a check proves Σ = Σ."""
    row = boundaries.one("SELECT * FROM user_revenue")
    expected = (15, 4, 31, 5) if boundaries.settings.window == "hours" else (39, 4, 63, 6)
    assert (
        row["revenue_d7"],
        row["transactions_d7"],
        row["revenue_d8"],
        row["transactions_d8"],
    ) == expected
    grain = [row[name] for name in ("customer_id", "campaign_id", "country")]
    assert grain == ["a", "c1", "US"]


def test_curve_has_the_same_windows(boundaries: Home) -> None:
    """`campaign_cohort_curve`: any horizon is a filter on it."""
    for n in (1, 3, 7, 8, 30):
        [cumulative] = boundaries.values(
            f"SELECT cumulative_revenue FROM campaign_cohort_curve WHERE age_day = {n - 1}"
        )
        assert cumulative == boundaries.one("SELECT * FROM campaign_ltv")[f"revenue_d{n}"]


def test_what_lies_outside_stands_in_its_bucket(boundaries: Home) -> None:
    """`(before install)`, `(beyond horizon)`: what goes in comes out."""
    buckets = dict(
        boundaries.values(
            "SELECT bucket, SUM(net_revenue) FROM revenue_reconciliation GROUP BY ALL"
        )
    )
    if boundaries.settings.window == "hours":
        assert buckets == {"(before install)": 32, "campaigns": 95, "(beyond horizon)": 128}
    else:
        assert buckets == {"campaigns": 63, "(beyond horizon)": 192}


@pytest.fixture(scope="module")
def refunds(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Refunds within and after the window, of payers and of others."""
    home = Home(tmp_path_factory.mktemp("home"), as_of="2025-03-31")
    home.load(
        "customers",
        "payer,2025-01-01 10:00:00,US,ads,c1",
        "free,2025-01-01 11:00:00,US,ads,c1",
        "refunded,2025-01-01 12:00:00,DE,ads,c1",
        "silent,2025-01-01 13:00:00,US,ads,c1",
    )
    home.load(
        "transactions",
        "t1,payer,2025-01-01 10:30:00,10.000001,0",
        "t2,payer,2025-01-03 10:30:00,4,1",
        "t3,payer,2025-01-09 10:30:00,3,1",
        "t4,free,2025-01-01 12:00:00,0,0",
        "t5,refunded,2025-01-02 10:30:00,5,1",
    )
    home.publish()
    return home


def test_a_refund_counts_when_it_happened(refunds: Home) -> None:
    """Net revenue = sum(amount, not refund) − sum(amount, refund), dated when it happened."""
    row = refunds.one("SELECT * FROM campaign_ltv WHERE country = 'US'")
    assert [row[f"revenue_d{n}"] for n in (1, 3, 7, 30)] == [
        Decimal("10.000001"),
        Decimal("6.000001"),
        Decimal("6.000001"),
        Decimal("3.000001"),
    ]
    assert [row[f"refunds_d{n}"] for n in (1, 3, 7, 30)] == [0, 4, 4, 7]


def test_ltv_is_per_user_and_arppu_per_payer(refunds: Home) -> None:
    """`ltv_dN_per_user` = revenue / installs, payers or not; `arppu_dN` = revenue / payers."""
    row = refunds.one("SELECT * FROM campaign_ltv WHERE country = 'US'")
    assert (row["installs"], row["payers_d7"]) == (3, 1)
    assert row["ltv_d7_per_user"] == pytest.approx(6.000001 / 3, abs=1e-12)
    assert row["arppu_d7"] == pytest.approx(6.000001, abs=1e-12)


def test_without_payers_there_is_no_arppu(refunds: Home) -> None:
    """A ratio with a zero or missing denominator is NULL: never 0, infinity or NaN."""
    row = refunds.one("SELECT * FROM campaign_ltv WHERE country = 'DE'")
    assert (row["revenue_d7"], row["payers_d7"], row["arppu_d7"]) == (-5, 0, None)
    assert row["ltv_d7_per_user"] == -5.0


def test_gross_refunds_and_net_are_three_columns(refunds: Home) -> None:
    """Gross, refunds and net are three columns."""
    row = refunds.one(
        "SELECT SUM(gross_revenue) AS gross, SUM(refund_amount) AS refunds, "
        "SUM(net_revenue) AS net, SUM(transactions) AS rows FROM revenue_reconciliation"
    )
    assert row == {
        "gross": Decimal("10.000001"),
        "refunds": 12,
        "net": Decimal("-1.999999"),
        "rows": 5,
    }


def test_money_is_decimal_everywhere(refunds: Home) -> None:
    """Never float sums of money; sums have room for more than twelve digits."""
    for table in refunds.graph.catalog.derived:
        types = {
            row["column_name"]: row["column_type"]
            for row in refunds.published(f"DESCRIBE {table.name}")
        }
        assert types == {column.name: column.type for column in table.published}
        money = ("revenue", "refund", "spend", "cost", "amount", "cumulative_revenue")
        for column, kind in types.items():
            if column.startswith(money) and not column.endswith(("complete", "_share")):
                assert kind in (MONEY, TOTAL), (table.name, column)


def test_retention_is_of_the_nth_day(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`retention_dN` = share of users with any event in the Nth day after install (age N)."""
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS, as_of="2025-03-31")
    home.load("customers", *(f"{name},2025-01-01 10:00:00,US,ads,c1" for name in "abcdefg"))
    home.load(
        "customer_interactions",
        "i1,a,2025-01-08 10:00:00,login",  # the first instant of day 7
        "i2,d,2025-01-09 10:00:00,login",  # the first after it
        "i3,e,2025-01-08 20:00:00,login",  # day 7 twice, counted once
    )
    home.load(
        "session_sources", "s1,b,ads,2025-01-08,09:59:59,1,0", "s2,g,ads,2025-01-08,12:00,1,0"
    )
    home.load(
        "transactions",
        "t1,c,2025-01-09 09:59:59.999999,1,0",  # the last instant of day 7
        "t2,e,2025-01-08 21:00:00,1,1",
        "t3,f,2025-01-01 09:00:00,1,0",  # before install
    )
    home.publish()
    row = home.one("SELECT installs, retained_d7, retention_d7, retained_d1 FROM campaign_ltv")
    assert row == {"installs": 7, "retained_d7": 4, "retention_d7": 4 / 7, "retained_d1": 0}


def test_cohort_curve_of_a_campaign(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`campaign_cohort_curve` (install_date, campaign_id, age_day; no country).

    Only ages that have passed; zero rows between; installs, spend, revenue, refunds,
    transactions, payers, cumulative_revenue, cumulative_roas, mature.
    """
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS, as_of="2025-01-06")
    home.load("customers", "a,2025-01-01 10:00:00,US,ads,c1", "b,2025-01-01 11:00:00,DE,ads,c1")
    home.load("campaign_costs", "c1,2025-01-01,,16", "c2,2025-01-05,,3")
    home.load(
        "transactions",
        "t1,a,2025-01-01 12:00:00,3,0",
        "t2,a,2025-01-01 13:00:00,1,0",
        "t3,b,2025-01-04 12:00:00,8,0",
        "t4,a,2025-01-04 13:00:00,2,1",
        "late,a,2025-01-07 13:00:00,99,0",
    )
    home.publish()
    columns = "revenue, refunds, transactions, payers, cumulative_revenue, cumulative_roas, mature"
    curve = home.values(
        f"SELECT age_day, {columns} FROM campaign_cohort_curve "
        "WHERE campaign_id = 'c1' ORDER BY age_day"
    )
    assert curve == [
        (0, 4, 0, 2, 1, 4, 0.25, True),
        (1, 0, 0, 0, 0, 4, 0.25, True),
        (2, 0, 0, 0, 0, 4, 0.25, True),
        (3, 6, 2, 1, 1, 10, 0.625, True),
        (4, 0, 0, 0, 0, 10, 0.625, True),
        (5, 0, 0, 0, 0, 10, None, False),
    ]
    sizes = home.values("SELECT DISTINCT installs, spend FROM campaign_cohort_curve ORDER BY 1")
    assert sizes == [(0, 3), (2, 16)]
    ages = home.values("SELECT age_day FROM campaign_cohort_curve WHERE campaign_id = 'c2'")
    assert ages == [0, 1]


@pytest.mark.parametrize(
    # In Havana, who installed in the first hour of the day would be 33 days old by 23:00.
    ("zone", "last"),
    [("Europe/Berlin", 32), ("America/Havana", 33), ("UTC", 32)],
)
def test_an_age_begins_an_hour_early_after_clocks_go_back(
    tmp_path: Path, zone: str, last: int
) -> None:
    """Berlin: installed at 00:10 in October, 32 · 24 hours later it is 23:10 of the day before."""
    berlin = zone == "Europe/Berlin"
    home = Home(tmp_path, groups=CAMPAIGNS, as_of="2024-11-10", timezone=zone, horizons=(7, 60))
    home.load("customers", "a,2024-10-09 22:10:00,US,ads,c1")
    home.load("transactions", "t1,a,2024-10-10 10:00:00,10,0", "t2,a,2024-11-10 22:30:00,90,0")
    home.load("campaign_costs", f"c1,2024-10-{10 if berlin else 9},US,5")
    home.publish()
    assert home.values("SELECT revenue_to_date FROM campaign_ltv") == [100]
    cumulative = "SELECT cumulative_revenue FROM campaign_cohort_curve ORDER BY age_day"
    assert home.values(cumulative) == [10] * 32 + [100] * (last - 31)
    [check] = [c for c in table_checks(home.settings) if c.name == "revenue_reconciles"]
    assert check.run(home.engine).passed
    # Day by day, as a home lives, the same comes out.
    lived = Home(tmp_path / "lived", groups=CAMPAIGNS, timezone=zone, horizons=(7, 60))
    lived.load("customers", "a,2024-10-09 22:10:00,US,ads,c1")
    lived.load("campaign_costs", f"c1,2024-10-{10 if berlin else 9},US,5")
    lived.load("transactions", "t1,a,2024-10-10 10:00:00,10,0")
    lived.publish()
    for day in range(9, 11):
        lived.load("customer_interactions", f"i{day},a,2024-11-{day:02d} 12:00:00,login")
        lived.publish()
    lived.load("transactions", "t2,a,2024-11-10 22:30:00,90,0")
    lived.publish()
    assert lived.values(cumulative) == [10] * 32 + [100] * (last - 31)
