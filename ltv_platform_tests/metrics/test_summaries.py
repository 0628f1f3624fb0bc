"""metrics.md §2: campaigns and countries as a whole: campaign_summary, country_roas, payback."""

from datetime import date, timedelta
from typing import Any

import pytest

from ltv_platform_tests.testing.home import CAMPAIGNS, HEADERS, Home

AS_OF = "2025-01-31"


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Campaigns whose summaries are worked out by hand below."""
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS, as_of=AS_OF)
    days = [date(2025, 1, 1) + timedelta(days=offset) for offset in range(31)]
    home.load(
        "customers",
        "s1,2025-01-01 10:00:00,US,ads,steady",
        *(f"s{place},2025-01-02 10:00:00,US,ads,steady" for place in (2, 3, 4)),
        "g1,2025-01-01 10:00:00,US,ads,gaps",
        "o1,2025-01-01 10:00:00,US,ads,old80",
        "o2,2025-01-01 10:00:00,US,ads,old79",
        "p1,2025-01-01 10:00:00,US,ads,quick",
        "l1,2025-01-30 10:00:00,US,ads,young",
    )
    home.load(
        "transactions",
        "t1,s1,2025-01-01 11:00:00,10,0",
        "t2,o1,2025-01-11 10:00:00,80,0",
        "t3,o2,2025-01-11 10:00:00,79,0",
        "t4,p1,2025-01-01 11:00:00,4,0",
        "t5,p1,2025-01-03 10:00:00,6,0",
        "t6,p1,2025-01-04 10:00:00,9,1",
    )
    home.load(
        "campaign_costs",
        *(f"steady,{day},US,10" for day in days),
        "gaps,2025-01-01,US,1",
        "gaps,2025-01-05,US,2",
        "gaps,2025-01-30,US,4",
        "old80,2025-01-01,US,80",
        "old80,2025-01-25,US,20",
        "old79,2025-01-01,US,79",
        "old79,2025-01-25,US,21",
        "quick,2025-01-01,US,10",
        "young,2025-01-30,US,10",
    )
    home.load("campaigns", "steady,First name")
    home.load("campaigns", "steady,Its name", "unused,No figures")
    home.publish()
    return home


def _campaign(home: Home, name: str) -> dict[str, Any]:
    return home.one(f"SELECT * FROM campaign_summary WHERE campaign_id = '{name}'")


def test_total_cost_counts_each_dollar_once(summary: Home) -> None:
    """`total_cost_d7`: spend on the **distinct** days covered by [install_date, +6].

    Under steady spend it is R/(R+6) of the cohort ROAS for a range of R days.
    """
    row = _campaign(summary, "steady")
    assert row["cohort_cost_d7"] == 240, "cohorts of the 1st to the 24th are mature"
    assert row["total_cost_d7"] == 300, "their first weeks cover the 1st to the 30th"
    assert row["roas_d7"] == pytest.approx(row["cohort_roas_d7"] * 24 / 30, abs=1e-12)
    gaps = _campaign(summary, "gaps")
    assert (gaps["cohort_cost_d7"], gaps["total_cost_d7"], gaps["cohort_cost"]) == (3, 3, 7)


def test_a_total_is_the_ratio_of_the_sums(summary: Home) -> None:
    """A total's ratio is the ratio of the sums, never the mean of ratios."""
    row = _campaign(summary, "steady")
    assert (row["installs_d7"], row["total_revenue_d7"], row["ltv_d7_per_user"]) == (4, 10, 2.5)
    assert row["cohort_roas_d7"] == pytest.approx(10 / 240, abs=1e-12)
    assert row["cpi"] == pytest.approx(310 / 4, abs=1e-12)


def test_a_campaign_without_mature_cohorts_has_no_figures(summary: Home) -> None:
    """What is not mature is NULL, not a low number."""
    row = _campaign(summary, "young")
    assert (row["installs"], row["cohort_cost"], row["roas_to_date"]) == (1, 10, 0.0)
    assert {row[name] for name in row if name.endswith("_d7") or "_d7_" in name} == {None}
    assert row["payback_day"] is None


def test_payback_is_the_first_day_that_covers_the_spend(summary: Home) -> None:
    """`payback_day` = age_day + 1 of the first age with cumulative net revenue >= spend."""
    row = _campaign(summary, "quick")
    assert (row["payback_day"], row["payback_spend_share"]) == (3, 1.0), "a later refund is later"
    assert _campaign(summary, "gaps")["payback_day"] is None


def test_payback_needs_cohorts_with_most_of_the_spend(summary: Home) -> None:
    """… from cohorts mature at that age that hold >= 80 % of the range's spend; else NULL."""
    row = _campaign(summary, "old80")
    assert (row["payback_day"], row["payback_spend_share"]) == (11, pytest.approx(0.8, abs=1e-12))
    row = _campaign(summary, "old79")
    assert (row["payback_day"], row["payback_spend_share"]) == (None, None)


def test_names_are_the_newest_and_change_no_figures(summary: Home) -> None:
    """`campaigns` is an optional ninth source for names and roll-ups."""
    assert _campaign(summary, "steady")["campaign_name"] == "Its name"
    assert _campaign(summary, "quick")["campaign_name"] is None
    assert summary.values("SELECT * FROM campaign_summary WHERE campaign_id = 'unused'") == []


def test_calendar_windows_sum_the_same_cohorts(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`total_cost_d7` … needs cost complete to the last of those days.

    In calendar windows the cohort of the 25th is mature at the end of the 31st, its last cost
    day: with LTV_AS_OF that day is complete, and both revenue and cost count.
    """
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS, as_of=AS_OF, window="calendar")
    home.load("customers", "a,2025-01-25 10:00:00,US,ads,c1", "b,2025-01-24 10:00:00,US,ads,c1")
    home.load("transactions", "t1,a,2025-01-25 11:00:00,5,0", "t2,b,2025-01-25 11:00:00,3,0")
    home.load("campaign_costs", "c1,2025-01-24,US,1", "c1,2025-01-25,US,2", "c1,2025-01-31,US,4")
    home.publish()
    assert home.values("SELECT revenue_d7 FROM campaign_ltv ORDER BY install_date") == [3, 5]
    row = _campaign(home, "c1")
    assert (row["installs_d7"], row["payers_d7"], row["total_revenue_d7"]) == (2, 2, 8)
    assert (row["total_cost_d7"], row["cohort_cost_d7"]) == (7, 3)


@pytest.fixture(scope="module")
def countries(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Countries in every order of rank."""
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS, as_of=AS_OF)
    header = HEADERS["customers"]
    home.load(
        "customers",
        *(f"AA{place},2025-01-01 10:00:00,AA,ads,c1" for place in range(30)),
        *(f"BB{place},2025-01-01 10:00:00,BB,ads,c1" for place in range(29)),
        "CC0,2025-01-01 10:00:00,CC,ads,c1",
        "DD0,2025-01-01 10:00:00,DD,ads,c1",
        "EE0,2025-01-01 10:00:00,EE,organic,",
        "CC1,2025-01-01 10:00:00,CC,organic,",
        "XX0,2025-01-01 10:00:00,,ads,other",
        "young,2025-01-30 10:00:00,AA,ads,c1",
        header=header,
    )
    home.load(
        "transactions",
        "t1,AA0,2025-01-01 11:00:00,60,0",
        "t2,BB0,2025-01-01 11:00:00,58,0",
        "t3,CC0,2025-01-01 11:00:00,2,0",
        "t4,DD0,2025-01-01 11:00:00,2,0",
        "t5,EE0,2025-01-01 11:00:00,1000,0",
        "t6,CC1,2025-01-01 11:00:00,6,0",
    )
    home.load("campaign_costs", "c1,2025-01-01,,61", "other,2025-01-01,,9")
    home.publish()
    return home


def test_countries_are_ranked_with_total_order(countries: Home) -> None:
    """`rank` 1 = best by roas_d7 desc, revenue desc, country; every country, `(unknown)` too."""
    rows = countries.values("SELECT country, rank, roas_d7 FROM country_roas ORDER BY rank")
    assert rows == [
        ("AA", 1, 2.0),
        ("BB", 2, 2.0),  # less revenue
        ("CC", 3, 2.0),
        ("DD", 4, 2.0),  # the same revenue: by name
        ("(unknown)", 5, 0.0),
        ("EE", 6, None),
    ]


def test_paid_and_blended_stand_apart(countries: Home) -> None:
    """Reports show paid ROAS and blended ROAS separately."""
    row = countries.one("SELECT * FROM country_roas WHERE country = 'CC'")
    assert (row["spend_d7"], row["revenue_d7"], row["blended_revenue_d7"]) == (1, 2, 8)
    assert (row["roas_d7"], row["blended_roas_d7"]) == (2.0, 8.0)
    row = countries.one("SELECT * FROM country_roas WHERE country = 'EE'")
    assert (row["revenue_d7"], row["blended_revenue_d7"], row["blended_roas_d7"]) == (
        None,
        1000,
        None,
    )


def test_spend_is_allocated_by_installs_not_by_revenue(countries: Home) -> None:
    """Allocation by installs, never by revenue."""
    spend = dict(countries.values("SELECT country, spend_d7 FROM country_roas"))
    assert spend == {"AA": 30, "BB": 29, "CC": 1, "DD": 1, "EE": None, "(unknown)": 9}


def test_few_installs_are_marked(countries: Home) -> None:
    """`small_base` below 30 mature installs, because small groups win by luck."""
    rows = countries.values("SELECT country FROM country_roas WHERE NOT small_base")
    assert rows == ["AA"]
    assert countries.values("SELECT installs, installs_d7 FROM country_roas WHERE rank = 1") == [
        (31, 30)
    ]


@pytest.fixture(scope="module")
def lagging(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """An install a day worth 10, bought for 20; costs are known for ten days of January only."""
    home = Home(tmp_path_factory.mktemp("lagging"), groups=CAMPAIGNS)
    days = [date(2025, 1, 1) + timedelta(days=place) for place in range(31)]
    home.load("customers", *(f"c{day:%d},{day} 10:00:00,US,ads,c1" for day in days))
    home.load(
        "transactions",
        *(f"t{day:%d},c{day:%d},{day} 11:00:00,10,0" for day in days),
        "late,c01,2025-02-28 10:00:00,0,0",
    )
    home.load("campaign_costs", *(f"c1,{day},US,20" for day in days[:10]))
    home.publish()
    return home


def test_ratios_wait_for_costs_that_lag(lagging: Home) -> None:
    """A ratio with cost needs complete cost of day d: revenue is never divided by partial spend.

    Guards a regression: as_of, the newest event of any feed, had counted as proof that no more
    cost comes, and a campaign that lost half of its money was paid back on day 1.
    """
    rows = lagging.values(
        "SELECT installs, installs_d7, cohort_cost_d7, cohort_roas_d7, total_cost_d7, roas_d7, "
        "payback_day FROM campaign_summary"
    )
    # Nine days are known to the end; the tenth may still grow, and the days that the first
    # seven days of the nine cohorts cover reach beyond it.
    assert rows == [(31, 9, 180, 0.5, None, None, None)]
    assert lagging.values("SELECT roas_d7 FROM country_roas") == [0.5]
    complete = lagging.values("SELECT cost_complete FROM campaign_roas ORDER BY install_date")
    assert complete == [True] * 9 + [False] * 22


def test_users_who_cost_nothing_do_not_wait_for_costs(lagging: Home) -> None:
    """LTV needs no cost: cohorts of campaign_ltv are mature by revenue alone."""
    rows = lagging.values("SELECT COUNT(*), COUNT(ltv_d7_per_user) FROM campaign_ltv")
    assert rows == [(31, 31)]
