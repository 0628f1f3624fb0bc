"""metrics.md, Money: no figure that lacks revenue waiting for a rate is marked complete."""

from pathlib import Path

import pytest

from ltv_platform.assets import derivations
from ltv_platform.checks import table_checks
from ltv_platform.settings import Settings
from ltv_platform_tests.testing.home import HEADERS, Home

SALES = HEADERS["transactions"] + ",currency"
COSTS = HEADERS["campaign_costs"] + ",currency"
GROUPS = ("core", "campaigns", "customers")
_OTHER_GROUPS = tuple(d.table for d in derivations(Settings()) if d.group not in GROUPS)


def _spend(folder: Path, *costs: str, **settings: str) -> Home:
    home = Home(folder, groups=GROUPS, **settings)
    home.load("customers", "p,2025-01-01 10:00:00,US,ads,c1", "q,2025-01-02 10:00:00,US,ads,c1")
    home.load(
        "transactions",
        "t1,p,2025-01-01 11:00:00,5,0",
        "t2,q,2025-01-02 11:00:00,3,0",
        "t3,q,2025-03-20 11:00:00,1,0",
    )
    home.load("campaign_costs", *costs, header=COSTS)
    home.publish()
    return home


def _holds(home: Home) -> bool:
    return all(
        check.run(home.engine).passed
        for check in table_checks(home.settings)
        if check.blocking and not check.table.endswith(_OTHER_GROUPS)
    )


def test_spend_that_waits_for_a_rate_is_not_complete(tmp_path: Path) -> None:
    """c1 spends 1 and 99 EUR without a rate: no ROAS is divided by the 1."""
    costs = ("c1,2025-01-01,US,1,", "c1,2025-01-01,DE,99,EUR", "c1,2025-01-03,US,1,")
    home = _spend(tmp_path, *costs)
    row = home.one("SELECT * FROM campaign_roas WHERE install_date = '2025-01-01'")
    assert (row["spend"], row["revenue_d7"]) == (1, 5)
    assert (row["cost_complete"], row["roas_d7"]) == (False, None)
    # The second cohort had no spend, and costs of its day are known.
    summary = home.one("SELECT * FROM campaign_summary")
    assert (summary["total_revenue_d7"], summary["cohort_cost_d7"]) == (3, None)
    assert summary["payback_day"] is None
    country = home.one("SELECT * FROM country_roas WHERE country = 'US'")
    assert (country["roas_d7"], country["blended_revenue_d7"]) == (None, 3)
    curve = "SELECT DISTINCT cumulative_roas FROM campaign_cohort_curve WHERE age_day < 7"
    assert home.values(f"{curve} AND install_date = '2025-01-01'") == [None]
    weeks = "SELECT DISTINCT cost_complete, predicted_roas FROM campaign_ltv_forecast"
    assert home.values(weeks) == [(False, None)]
    assert _holds(home)
    home.load("fx_rates", "2025-01-01,EUR,2")
    home.publish()
    roas = "SELECT country, roas_d7 FROM campaign_roas WHERE install_date = '2025-01-01' ORDER BY 1"
    assert home.values(roas) == [("DE", 0.0), ("US", 5.0)]
    assert _holds(home)


def test_a_day_of_which_all_spend_waits_is_not_free(tmp_path: Path) -> None:
    """Spend on a later day that waits is part of total cost, and of the week."""
    home = _spend(
        tmp_path, "c1,2025-01-01,US,1,", "c1,2025-01-02,US,1,", "c1,2025-01-04,US,9,EUR",
        as_of="2025-03-20",
    )  # fmt: skip
    row = home.one("SELECT * FROM campaign_roas WHERE install_date = '2025-01-04'")
    assert (row["country"], row["installs"], row["spend"]) == ("(unknown)", 0, None)
    assert not row["cost_complete"]
    summary = home.one("SELECT * FROM campaign_summary")
    assert (summary["cohort_roas_d7"], summary["roas_d7"]) == (4.0, None)
    assert summary["roas_d1"] == 4.0
    weeks = "SELECT DISTINCT cost_complete FROM campaign_ltv_forecast"
    assert home.values(weeks) == [False]
    assert _holds(home)


@pytest.mark.parametrize("window", ["hours", "calendar"])
def test_revenue_that_waits_for_a_rate_is_not_mature(tmp_path: Path, window: str) -> None:
    """From the age on at which it waits; up to there the cohort is as mature as before."""
    home = Home(tmp_path, groups=GROUPS, as_of="2025-06-30", window=window)
    home.load("customers", "a,2025-01-01 10:00:00,US,ads,c1", "b,2025-01-01 10:00:00,DE,ads,c1")
    home.load(
        "transactions",
        "t0,a,2025-01-01 09:00:00,7,0,EUR" if window == "hours" else "t0,b,2025-01-01,1,0,",
        "t1,a,2025-01-01 11:00:00,5,0,",
        "t2,a,2025-01-05 12:00:00,9,0,EUR",
        "t3,b,2025-01-01 11:00:00,2,0,",
        header=SALES,
    )
    home.load("campaign_costs", "c1,2025-01-01,US,10,", "c1,2025-01-01,DE,1,", header=COSTS)
    home.publish()
    columns = "revenue_d3, revenue_d7, retained_d3, retained_d7"
    ltv = home.values(f"SELECT {columns} FROM campaign_ltv WHERE country = 'US'")
    assert ltv == [(5, None, 0, None)]
    roas = home.values("SELECT country, roas_d3, roas_d7 FROM campaign_roas ORDER BY 1")
    assert [(country, d3, d7) for country, d3, d7 in roas if country == "US"] == [("US", 0.5, None)]
    users = "SELECT customer_id, revenue_d7 IS NULL FROM user_revenue ORDER BY 1"
    assert home.values(users) == [("a", True), ("b", False)]
    mature = "SELECT MAX(age_day) FROM campaign_cohort_curve WHERE mature"
    assert home.values(mature) == [3]
    summary = home.one("SELECT * FROM campaign_summary")
    assert (summary["installs_d3"], summary["installs_d7"], summary["cohort_cost_d7"]) == (2, 1, 1)
    assert summary["payers_d7"] == 1
    weeks = "SELECT DISTINCT known_age_days FROM campaign_ltv_forecast"
    assert home.values(weeks) == [4]
    months = "SELECT DISTINCT mature FROM customer_cohort_curve"
    assert home.values(months) == [False]
    assert home.values("SELECT avg_ltv_m1 FROM ltv_by_cohort") == [None]
    assert _holds(home)
    home.load("fx_rates", "2025-01-01,EUR,2")
    home.publish()
    ltv = home.values(f"SELECT {columns} FROM campaign_ltv WHERE country = 'US'")
    assert ltv == [(5, 23, 0, 0)]
    assert _holds(home)
