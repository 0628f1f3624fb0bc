"""metrics.md: both parts of a ratio cover the same cohorts, however much cost is known."""

from pathlib import Path

import pytest

from ltv_platform.checks import table_checks
from ltv_platform.reports import campaigns as report
from ltv_platform.reports.pages import Row
from ltv_platform_tests.testing.home import CAMPAIGNS, Home


def _totals(home: Home) -> dict[str, Row]:
    """The totals of the campaign report, by scope."""
    with report._open(home.settings) as reader:
        return {row["scope"]: row for row in reader.rows("totals", shown_horizons=(7,))}


def _check(home: Home) -> None:
    """The check of the parts of ratios holds, and sees revenue from elsewhere."""
    checks = [c for c in table_checks(home.settings) if c.name == "ratios_over_the_same_rows"]
    assert [check.table for check in checks] == ["marts.country_roas", "marts.campaign_summary"]
    assert [check.run(home.engine).description for check in checks] == ["", ""]
    for check, column in zip(checks, ("blended_revenue_d7", "cohort_cost_d7"), strict=True):
        home.engine.rows(f"UPDATE {check.table} SET {column} = {column} + 0.000001")
        assert not check.run(home.engine).passed


@pytest.fixture
def late_costs(tmp_path: Path) -> Home:
    """Costs end on 2 January; an organic user of the 10th brings ten times as much."""
    home = Home(tmp_path, groups=CAMPAIGNS)
    home.load(
        "customers",
        "p,2025-01-01 10:00:00,US,ads,c1",
        "o,2025-01-01 10:00:00,US,organic,",
        "q,2025-01-10 10:00:00,US,organic,",
    )
    home.load(
        "transactions",
        "t1,p,2025-01-01 11:00:00,5,0",
        "t2,o,2025-01-01 11:00:00,5,0",
        "t3,q,2025-01-10 11:00:00,100,0",
        "t4,q,2025-02-20 11:00:00,1,0",
    )
    home.load("campaign_costs", "c1,2025-01-01,US,10", "c1,2025-01-02,US,10")
    home.publish()
    return home


def test_revenue_stands_over_the_spend_of_its_own_days(late_costs: Home) -> None:
    """A ratio with cost waits for the cost of each day, also of users who cost nothing."""
    row = late_costs.one("SELECT * FROM country_roas")
    assert (row["installs_d7"], row["spend_d7"], row["revenue_d7"]) == (2, 10, 5)
    assert (row["blended_revenue_d7"], row["blended_roas_d7"], row["roas_d7"]) == (10, 1.0, 0.5)
    totals = _totals(late_costs)
    parts = ("installs_d7", "total_revenue_d7", "cohort_cost_d7", "cohort_roas_d7")
    assert [totals["blended"][part] for part in parts] == [2, 10, 10, 1.0]
    assert [totals["paid"][part] for part in parts] == [1, 5, 10, 0.5]
    # LTV needs no cost.
    ltv = "SELECT ltv_d7_per_user FROM campaign_summary WHERE campaign_id = '(organic)'"
    assert late_costs.values(ltv) == [52.5]
    _check(late_costs)


@pytest.fixture
def free_campaigns(tmp_path: Path) -> Home:
    """One of three campaigns of a country costs money; another country has installs by leakage."""
    home = Home(tmp_path, groups=CAMPAIGNS, as_of="2025-03-31")
    home.load(
        "customers",
        "m,2025-01-01 10:00:00,US,ads,meta",
        "n,2025-01-01 10:00:00,US,newsletter,newsletter",
        "r,2025-01-01 10:00:00,US,referral,(referral)",
        "d,2025-01-01 10:00:00,DE,ads,meta",
    )
    home.load(
        "transactions",
        "t1,m,2025-01-01 11:00:00,50,0",
        "t2,n,2025-01-01 11:00:00,500,0",
        "t3,r,2025-01-01 11:00:00,300,0",
        "t4,d,2025-01-01 11:00:00,7,0",
    )
    home.load("campaign_costs", "meta,2025-01-01,US,100", "newsletter,2025-01-02,US,0")
    home.publish()
    return home


def test_paid_is_what_has_spend(free_campaigns: Home) -> None:
    """Paid = (campaign, country) with spend; in totals, campaigns with spend. Blended is all."""
    us = free_campaigns.one("SELECT * FROM country_roas WHERE country = 'US'")
    assert (us["roas_d7"], us["blended_roas_d7"], us["rank"]) == (0.5, 8.5, 1)
    assert (us["installs_d7"], us["paid_installs_d7"], us["spend_d7"]) == (3, 1, 100)
    assert (us["revenue_d7"], us["blended_revenue_d7"]) == (50, 850)
    de = free_campaigns.one("SELECT * FROM country_roas WHERE country = 'DE'")
    assert (de["roas_d7"], de["revenue_d7"], de["blended_revenue_d7"]) == (None, None, 7)
    totals = _totals(free_campaigns)
    # The campaign's leaked install was bought by its spend, wherever it turned up.
    assert (totals["paid"]["cohort_roas_d7"], totals["paid"]["installs"]) == (0.57, 2)
    assert totals["paid"]["roas_to_date"] == 0.57
    assert (totals["blended"]["cohort_roas_d7"], totals["blended"]["installs"]) == (8.57, 4)
    with report._open(free_campaigns.settings) as reader:
        rows = reader.rows("detailed_cohorts", unit="week", shown_horizons=(7,), all_campaigns=True)
    [week] = [row for row in rows if not row["campaign_id"]]
    assert (week["installs"], week["spend"], week["roas_d7"]) == (2, 100, 0.57)
    _check(free_campaigns)


def test_a_paid_total_is_of_the_campaigns_that_cost_something(tmp_path: Path) -> None:
    """c1 spends 10 and brings 5; c2 spends nothing and brings 95: paid ROAS is 0.5, not 10."""
    home = Home(tmp_path, groups=CAMPAIGNS, as_of="2025-03-31")
    home.load("customers", "a,2025-01-01 10:00:00,US,ads,c1", "b,2025-01-01 10:00:00,US,ads,c2")
    home.load("transactions", "t1,a,2025-01-01 11:00:00,5,0", "t2,b,2025-01-01 11:00:00,95,0")
    home.load("campaign_costs", "c1,2025-01-01,US,10")
    home.publish()
    totals = _totals(home)
    assert [totals[scope]["cohort_roas_d7"] for scope in ("paid", "blended")] == [0.5, 10.0]


def test_spend_that_comes_later_pays_for_no_earlier_install(tmp_path: Path) -> None:
    """At each horizon, paid is what has spend in the cohorts that count at it."""
    home = Home(tmp_path, groups=CAMPAIGNS, as_of="2025-02-05")
    home.load(
        "customers",
        "a,2025-01-01 10:00:00,US,ads,c1",
        "b,2025-01-01 10:00:00,US,ads,c2",
        "c,2025-01-28 10:00:00,US,ads,c2",
    )
    home.load("transactions", "t1,a,2025-01-01 11:00:00,5,0", "t2,b,2025-01-01 11:00:00,95,0")
    home.load("campaign_costs", "c1,2025-01-01,US,10", "c2,2025-01-28,US,10")
    home.publish()
    row = home.one("SELECT * FROM country_roas")
    assert (row["revenue_d30"], row["spend_d30"], row["roas_d30"]) == (5, 10, 0.5)
    assert (row["revenue_d7"], row["spend_d7"], row["roas_d7"]) == (100, 20, 5.0)
    _check(home)
