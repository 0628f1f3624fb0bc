"""From files to forecasts: what a weekly cohort is, and that it adds up with the other tables."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.refresh.build import build_table
from ltv_platform_tests.forecasting.cohorts.triangles import FIRST_WEEK
from ltv_platform_tests.testing.home import Home

#: What forecasts are made of, and they themselves.
TABLES = (
    "core.customers",
    "core.transactions",
    "core.campaign_spend",
    "marts.campaign_ltv",
    "marts.campaign_cohort_curve",
    "marts.campaign_ltv_forecast",
    "marts.development_factors",
    "marts.campaign_forecast_backtest",
)


def _build(home: Home) -> None:
    """Only those tables: a test of one customer needs no others."""
    with home.engine.hold():
        days = home.plan().days
        for transform in home.graph.transforms:
            if transform.name in TABLES:
                build_table(home.engine, transform, days.get(transform.name))


def _customers() -> Iterator[tuple[str, datetime, str]]:
    """Three a week of each campaign over sixteen weeks: on Monday, Thursday and late on Sunday."""
    for campaign in ("", "paid"):
        for week in range(16):
            for place, (day, hour) in enumerate(((0, 9), (3, 12), (6, 23))):
                moment = datetime.combine(FIRST_WEEK, datetime.min.time())
                moment += timedelta(weeks=week, days=day, hours=hour)
                yield f"{campaign or 'organic'}-{week:02}-{place}", moment, campaign


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Purchases of all at once and on day 20, some refunds on day 25, spend on every Monday."""
    home = Home(tmp_path_factory.mktemp("home"), horizons=(1, 7, 30, 45), as_of="2024-05-05")
    people = list(_customers())
    home.load(
        "customers",
        *(
            f"{name},{moment},US,{'ads' if campaign else 'direct'},{campaign}"
            for name, moment, campaign in people
        ),
    )
    lines = []
    for number, (name, moment, _) in enumerate(people):
        for age, amount, is_refund in ((0, 10, 0), (20, 4 + number % 3, 0), (25, 3, 1)):
            if not is_refund or number % 5 == 0:
                when = moment + timedelta(days=age, hours=1)
                if when.date() <= date(2024, 5, 5):
                    lines.append(f"{name}/{age},{name},{when},{amount},{is_refund}")
    home.load("transactions", *lines)
    mondays = [FIRST_WEEK + timedelta(weeks=week) for week in range(18)]
    home.load("campaign_costs", *(f"paid,{day},US,20" for day in mondays))
    home.publish()
    return home


def test_a_week_is_as_old_as_its_youngest_install_date(home: Home) -> None:
    """Sunday's customers of 2024-04-21 have lived 14 × 24 h by the end of 2024-05-05."""
    given = home.values(
        "SELECT known_age_days, state, observed_revenue, payers FROM campaign_ltv_forecast "
        "WHERE install_week = '2024-04-15' AND horizon_days = 30 ORDER BY campaign_id"
    )
    assert given == [(14, "partial", Decimal(30), 3)] * 2


def test_horizons_reach_no_further_than_revenue_is_followed(home: Home) -> None:
    """30, 90, 180 and 365 days, cut to the longest configured horizon."""
    assert home.values("SELECT DISTINCT horizon_days FROM campaign_ltv_forecast ORDER BY 1") == [
        30,
        45,
    ]


def test_observed_revenue_is_that_of_campaign_roas(home: Home) -> None:
    """Σ observed equals Σ revenue_dN over the weeks of which all is mature, to the last unit."""
    for days in (30, 45):
        ours = home.published(
            "SELECT campaign_id, install_week, predicted_revenue AS revenue, spend, "
            f"predicted_roas AS roas FROM campaign_ltv_forecast WHERE horizon_days = {days} "
            "AND state = 'observed' ORDER BY campaign_id, install_week"
        )
        theirs = home.published(
            "SELECT campaign_id, CAST(date_trunc('week', install_date) AS DATE) AS install_week, "
            f"SUM(revenue_d{days}) AS revenue, SUM(spend) AS spend, "
            f"SUM(revenue_d{days}) / SUM(spend) AS roas FROM campaign_roas GROUP BY ALL "
            f"HAVING bool_and(revenue_d{days} IS NOT NULL) AND SUM(installs) > 0 "
            "ORDER BY campaign_id, install_week"
        )
        assert len(ours) > 15
        for one, other in zip(ours, theirs, strict=True):
            assert one.pop("roas") == (
                None if other["roas"] is None else pytest.approx(float(other["roas"]))
            )
            other.pop("roas")
            assert one == other


def test_refunds_lower_what_was_earned(home: Home) -> None:
    """A refund on day 25 lowers D30, in the observed and so in the factors."""
    factors = home.values(
        "SELECT age_days, factor_raw FROM development_factors WHERE campaign_id = '(all)' "
        "AND factor_raw <> 1 ORDER BY age_days"
    )
    assert [age for age, _ in factors] == [20, 25]
    assert factors[0][1] > 1 > factors[1][1]


def test_few_payers_are_forecast_by_addition(home: Home) -> None:
    """Three payers a cohort: all that is not mature is additive, with its interval."""
    given = home.published(
        "SELECT * FROM campaign_ltv_forecast WHERE state = 'partial' ORDER BY ALL"
    )
    assert len(given) > 10
    for row in given:
        assert (row["method"], row["status"]) == ("additive", "ok")
        assert row["predicted_revenue_lower"] <= row["predicted_revenue"]
        assert row["predicted_revenue"] <= row["predicted_revenue_upper"]
        assert (row["predicted_roas"] is None) == (row["campaign_id"] == "(organic)")


def test_spend_of_a_week_without_installs_stays(home: Home) -> None:
    """Weeks 17 and 18 were paid for and brought nobody; as_of closes their cost."""
    given = home.values(
        "SELECT install_week, installs, spend, cost_complete, predicted_roas "
        "FROM campaign_ltv_forecast WHERE installs = 0 AND horizon_days = 30 ORDER BY 1"
    )
    assert given == [
        (date(2024, 4, 22), 0, Decimal(20), True, 0.0),
        (date(2024, 4, 29), 0, Decimal(20), True, 0.0),
    ]


def test_cost_that_is_not_complete_gives_no_roas(tmp_path: Path) -> None:
    """Without LTV_AS_OF the newest cost day stays open."""
    home = Home(tmp_path)
    home.load("customers", "a,2024-01-01,US,ads,paid")
    home.load("transactions", "t,a,2024-01-01 01:00:00,10,0", "u,a,2024-03-01,5,0")
    home.load("campaign_costs", "paid,2024-01-01,US,4")
    _build(home)
    assert home.engine.rows(
        "SELECT state, predicted_revenue, spend, cost_complete, predicted_roas, "
        "predicted_payback_day FROM marts.campaign_ltv_forecast"
    ) == [("observed", 10, 4, False, None, None)]


@pytest.mark.parametrize(
    ("settings", "week", "known"),
    [
        ({}, date(2024, 1, 1), 8),  # Sunday 20:00, and its day ends 24 h × 8 before the watermark
        ({"timezone": "Asia/Tokyo"}, date(2024, 1, 8), 7),  # there it is Monday 05:00
        ({"window": "calendar"}, date(2024, 1, 1), 9),  # the day of install is day 1
    ],
)
def test_weeks_begin_on_mondays_of_the_reporting_zone(
    tmp_path: Path, settings: dict[str, Any], week: date, known: int
) -> None:
    """The zone says which day it is and when a day of life is over."""
    home = Home(tmp_path, **settings)
    home.load("customers", "a,2024-01-07 20:00:00,US,direct,")
    home.load("transactions", "t,a,2024-01-07 21:00:00,10,0", "u,a,2024-01-16 06:00:00,5,0")
    _build(home)
    assert home.engine.rows(
        "SELECT install_week, known_age_days FROM marts.campaign_ltv_forecast"
    ) == [(week, known)]


@pytest.mark.parametrize("transactions", [[], ["t,a,2024-01-03,7,1"]])
def test_nobody_paid(tmp_path: Path, transactions: list[str]) -> None:
    """No transactions, or a refund alone: rows with a status, and nothing fails."""
    home = Home(tmp_path, horizons=(3, 7))
    home.load("customers", "a,2024-01-01,US,ads,paid", "b,2024-02-01,US,ads,paid")
    if transactions:
        home.load("transactions", *transactions)
    _build(home)
    age = 1 if transactions else 0
    assert home.engine.rows(
        "SELECT horizon_days, state, status, observed_revenue FROM marts.campaign_ltv_forecast "
        "ORDER BY install_week"
    ) == [
        (7, "partial" if age else "predicted", "too_few_mature_cohorts", 0),
        (7, "predicted", "too_few_mature_cohorts", 0),
    ]
    for table in ("development_factors", "campaign_forecast_backtest"):
        assert home.engine.rows(f"SELECT COUNT(*) FROM marts.{table}") == [(0,)]


@pytest.mark.parametrize("as_of", [None, "2024-01-10"])
def test_a_running_week_is_neither_observed_nor_paid_for(tmp_path: Path, as_of: str | None) -> None:
    """On Wednesday its youngest customers and its last spend are yet to come."""
    home = Home(tmp_path, horizons=(1, 7, 30), forecast_horizons=(1, 30), as_of=as_of)
    home.load("customers", "a,2024-01-01,US,ads,paid", "b,2024-01-08,US,ads,paid")
    home.load(
        "transactions",
        "t1,a,2024-01-01 11:00:00,5,0",
        "t2,b,2024-01-08 11:00:00,7,0",
        "t3,b,2024-01-10 23:00:00,1,0",
    )
    home.load("campaign_costs", *(f"paid,2024-01-{day:02d},US,4" for day in range(1, 11)))
    _build(home)
    given = (
        "SELECT install_week, known_age_days, state, cost_complete "
        "FROM marts.campaign_ltv_forecast WHERE horizon_days = 1 ORDER BY 1"
    )
    assert home.engine.rows(given) == [
        # Installed on Monday, known to the end of the tenth under LTV_AS_OF, else to its 23:00.
        (date(2024, 1, 1), 9 if as_of else 8, "observed", True),
        (date(2024, 1, 8), 0, "predicted", False),
    ]
    home.load("customers", "c,2024-01-13,US,ads,paid")
    home.load("transactions", "t4,c,2024-01-15 01:00:00,9,0")
    home.load("campaign_costs", "paid,2024-01-15,US,4")
    later = home.under(as_of=None)
    _build(later)
    assert later.engine.rows(given)[1] == (date(2024, 1, 8), 1, "observed", True)
