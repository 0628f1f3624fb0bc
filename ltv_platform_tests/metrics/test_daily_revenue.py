"""metrics.md, `daily_revenue`: what came in on each day, and from whom."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import pytest

from ltv_platform.checks import table_checks
from ltv_platform.orchestration.charts import chart_metadata
from ltv_platform.reports.charts import new_and_returning
from ltv_platform_tests.testing.home import CAMPAIGNS, HEADERS, Home

#: Under it Dagster shows Markdown inline.
_INLINE = 1000

_SUMS = (
    "purchases, total_refunds, gross_revenue, net_revenue, new_revenue, returning_revenue, "
    "new_payers, payers_of_day"
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Two customers, a guest, somebody unknown, and a purchase without a rate."""
    home = Home(tmp_path / "home", groups=CAMPAIGNS, start_date="2025-03-01", as_of="2025-03-10")
    home.load(
        "customers",
        "a,2025-03-01 10:00:00,US,ads,c1",
        "b,2025-03-02 10:00:00,US,ads,c1",
        "later,2025-03-09 10:00:00,DE,ads,c1",
    )
    home.load(
        "transactions",
        "a1,a,2025-03-02 11:00:00,5,0,",
        "a2,a,2025-03-02 12:00:00,2,0,",
        "a3,a,2025-03-05 11:00:00,4,0,",
        "a4,a,2025-03-05 12:00:00,1,1,",
        "a5,a,2025-03-05 13:00:00,9,0,CHF",
        "b1,b,2025-03-02 11:00:00,3,0,",
        "guest,,2025-03-02 11:00:00,8,0,",
        "early,later,2025-03-05 11:00:00,6,0,",
        header=HEADERS["transactions"] + ",currency",
    )
    home.publish()
    return home


def test_new_and_returning_revenue_of_a_day(home: Home) -> None:
    """New on the day of the first purchase; guests are neither; whoever is unknown has a row."""
    rows = home.values(
        f"SELECT event_date, campaign_id, country, {_SUMS}, waiting_rows FROM daily_revenue "
        "ORDER BY 1, 2"
    )
    second, fifth = date(2025, 3, 2), date(2025, 3, 5)
    assert rows == [
        (second, "(guest)", "(unknown)", 1, 0, 8, 8, 0, 0, 0, 0, 0),
        (second, "c1", "US", 3, 0, 10, 10, 10, 0, 2, 2, 0),
        (fifth, "(unknown) customer", "(unknown)", 1, 0, 6, 6, 6, 0, 1, 1, 0),
        (fifth, "c1", "US", 1, 1, 4, 3, 0, 4, 0, 1, 1),
    ]


def test_an_earlier_purchase_that_arrives_late_makes_later_ones_returning(home: Home) -> None:
    """The split of all later days follows, as in a rebuild."""
    home.load("transactions", "late,b,2025-03-02 09:00:00,1,0", "b2,b,2025-03-04 09:00:00,7,0")
    home.load("transactions", "first,a,2025-03-01 11:00:00,2,0")
    home.publish()
    [new, returning, payers] = home.values(
        "SELECT SUM(new_revenue), SUM(returning_revenue), SUM(new_payers) FROM daily_revenue "
        "WHERE campaign_id = 'c1'"
    )[0]
    assert (new, returning, payers) == (2 + 3 + 1, 7 + 7 + 4, 2)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE marts.daily_revenue SET net_revenue = net_revenue + 1 WHERE campaign_id = 'c1'",
        "UPDATE marts.daily_revenue SET new_revenue = 0",
        "DELETE FROM marts.daily_revenue WHERE campaign_id = '(guest)'",
        "DELETE FROM core.waiting_for_customer",
    ],
)
def test_a_day_that_differs_from_its_buckets_is_seen(home: Home, damage: str) -> None:
    """A blocking check compares each day that is to be published with `revenue_reconciliation`."""
    [check] = [c for c in table_checks(home.settings) if c.name == "daily_revenue_reconciles"]
    home.load("transactions", "c1,b,2025-03-02 12:00:00,1,0", "d,later,2025-03-05 12:00:00,1,0")
    home.refresh()
    outcome = check.run(home.engine)
    assert check.blocking
    assert outcome.passed, outcome
    home.engine.rows(damage)
    outcome = check.run(home.engine)
    assert not outcome.passed
    assert int(outcome.figures["wrong"]) > 0


def test_any_period_is_a_sum_of_rows(home: Home) -> None:
    """The sums of all days are the sums of `revenue_reconciliation`."""
    [days] = home.values("SELECT SUM(gross_revenue), SUM(net_revenue) FROM daily_revenue")
    [buckets] = home.values(
        "SELECT SUM(gross_revenue), SUM(net_revenue) FROM revenue_reconciliation"
    )
    assert days == buckets == (Decimal(28), Decimal(27))


def test_the_asset_shows_new_and_returning_revenue(home: Home) -> None:
    """A thumbnail inline, and the full chart with the figures of each week on click."""
    shown = chart_metadata(home.engine, "marts.daily_revenue")
    assert list(shown) == ["new_and_returning", "new_and_returning_full"]
    small, full = (str(value.value) for value in shown.values())
    assert len(small) < _INLINE < len(full)
    assert "2025-02-24" in full
    assert "10%20%2B%200" in full


def test_the_thumbnail_of_half_a_year_is_short() -> None:
    """However large the amounts are, it fits into a line of the asset page."""
    weeks = [(f"week {n}", 10**9 * (n % 7), 10**12) for n in range(26)]
    assert len(quote(new_and_returning(weeks).small, safe="/:=,.-_")) < _INLINE - 40
