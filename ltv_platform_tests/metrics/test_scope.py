"""metrics.md: the parts of a ratio are over the same cohorts, whatever the costs know."""

from pathlib import Path

import pytest

from ltv_platform.reports import campaigns as report
from ltv_platform.reports.pages import Row
from ltv_platform.warehouse.published import require_snapshot
from ltv_platform_tests.warehouse.homes import CAMPAIGNS, Home


def _totals(home: Home) -> dict[str, Row]:
    """The totals of the campaign report, by scope."""
    with report._open(home.settings, require_snapshot(home.settings)) as reader:
        return {row["scope"]: row for row in reader.rows("totals", (7,))}


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
