"""docs/metrics.md, predicted LTV: the content of the three tables, cell by cell."""

import random
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from ltv_platform.forecasting.cohorts.backtest import campaign_forecast_backtest
from ltv_platform.forecasting.cohorts.tables import campaign_ltv_forecast, development_factors
from ltv_platform_tests.forecasting.cohorts.triangles import Cohort, rows_of

FITS = (campaign_ltv_forecast, development_factors, campaign_forecast_backtest)


def twenty_weeks(**of_young: Any) -> list[Cohort]:
    """Nineteen mature cohorts, each 1,000 × scale at once and as much again on days 20 and 60.

    The twentieth is ten days old; what is said of it is given.
    """
    mature = [
        Cohort(
            week=week, known=90, spend=3000, revenue=dict.fromkeys((0, 20, 60), 1000 + 10 * week)
        )
        for week in range(19)
    ]
    young = {"known": 10, "spend": 2500, "revenue": {0: 1200}, **of_young}
    return [*mature, Cohort(week=19, **young)]


def cells(
    cohorts: list[Cohort], week: int = 19, campaign: str = "ads"
) -> dict[int, dict[str, Any]]:
    """The forecasts of a cohort by horizon."""
    rows = campaign_ltv_forecast(rows_of(cohorts)).to_pylist()
    monday = date.fromordinal(date(2024, 1, 1).toordinal() + 7 * week)
    return {
        row["horizon_days"]: row
        for row in rows
        if (row["campaign_id"], row["install_week"]) == (campaign, monday)
    }


def test_a_young_cohort_develops_as_the_old_ones_did() -> None:
    """1,200 doubles by D30 and triples by D90; spend of 2,500 is recovered on day 61."""
    given = cells(twenty_weeks())
    assert {days: row["predicted_revenue"] for days, row in given.items()} == {30: 2400, 90: 3600}
    for row in given.values():
        assert (row["state"], row["method"], row["status"]) == ("partial", "multiplicative", "ok")
        assert row["observed_revenue"] == 1200
        assert row["predicted_revenue_lower"] == row["predicted_revenue_upper"]
        assert row["predicted_ltv_per_user"] == float(row["predicted_revenue"]) / 100
        assert row["predicted_roas"] == pytest.approx(float(row["predicted_revenue"]) / 2500)
        assert row["predicted_payback_day"] == 61
        assert row["interval_cohorts"] == 19


def test_what_is_mature_is_observed() -> None:
    """No model touches a mature cell: its revenue to the last millionth, without a width."""
    given = cells(twenty_weeks(), week=3)
    for days, revenue in ((30, 2060), (90, 3090)):
        row = given[days]
        assert (row["state"], row["method"], row["status"]) == ("observed", "observed", "ok")
        values = [row[f"predicted_revenue{end}"] for end in ("", "_lower", "_upper")]
        assert [row["observed_revenue"], *values] == [Decimal(revenue)] * 4
        assert row["interval_cohorts"] == 0
        assert row["predicted_payback_day"] == 61


def test_one_horizon_may_be_observed_and_the_next_not() -> None:
    """At 40 days D30 is known, and D90 is forecast from all 40."""
    given = cells(twenty_weeks(known=40, revenue={0: 1200, 20: 800, 35: 100}))
    assert (given[30]["state"], given[30]["predicted_revenue"]) == ("observed", 2000)
    assert (given[90]["state"], given[90]["observed_revenue"]) == ("partial", 2100)
    assert given[90]["predicted_revenue"] == 3150  # × 3 / 2


@pytest.mark.parametrize(
    ("young", "predicted"),
    [
        ({"payers": 29}, {30: 2290, 90: 3380}),
        ({"payers": 29, "installs": 200}, {30: 3380, 90: 5560}),
        ({"revenue": {}}, {30: 1090, 90: 2180}),
        ({"revenue": {0: 1200, 5: -1500}}, {30: 790, 90: 1880}),
    ],
)
def test_what_says_too_little_is_added_to(young: dict[str, Any], predicted: dict[int, int]) -> None:
    """Below 30 payers or revenue ≤ 0: so far + installs × remaining LTV, 10.9 a user and day."""
    given = cells(twenty_weeks(**young))
    assert {days: row["predicted_revenue"] for days, row in given.items()} == predicted
    for row in given.values():
        assert row["method"] == "additive"
        assert row["predicted_revenue_lower"] < row["predicted_revenue"]
        assert row["predicted_revenue"] < row["predicted_revenue_upper"]


def test_without_a_known_day_the_pool_alone_speaks() -> None:
    """A cohort of the running week: nothing observed, its installs × the LTV of the pool."""
    given = cells(twenty_weeks(known=0))
    assert {row["state"] for row in given.values()} == {"predicted"}
    assert {row["method"] for row in given.values()} == {"additive"}
    assert [row["observed_revenue"] for row in given.values()] == [0, 0]
    assert [row["predicted_revenue"] for row in given.values()] == [2180, 3270]


def test_installs_without_spend_have_no_roas() -> None:
    """ROAS, CPI and payback of (organic) are NULL: nobody paid for them."""
    organic = [
        Cohort(**{**vars(one), "campaign": "(organic)", "spend": None}) for one in twenty_weeks()
    ]
    for week in (3, 19):
        for row in cells([*organic, *twenty_weeks()], week, "(organic)").values():
            assert row["predicted_revenue"] > 0
            for name in (
                "spend",
                "predicted_roas",
                "predicted_roas_lower",
                "predicted_payback_day",
            ):
                assert row[name] is None


def test_cost_that_may_still_grow_gives_no_roas() -> None:
    """Neither ROAS nor payback before cost is complete; spend so far is shown."""
    for row in cells(twenty_weeks(cost_complete=False)).values():
        assert row["spend"] == 2500
        assert row["predicted_revenue"] is not None
        assert row["predicted_roas"] is row["predicted_payback_day"] is None


def test_spend_without_installs_stays() -> None:
    """Wasted money counts: nothing comes back, and there is no user to divide by."""
    wasted = Cohort("wasted", week=19, known=10, installs=0, payers=0, spend=500)
    for row in cells([*twenty_weeks(), wasted], campaign="wasted").values():
        assert (row["installs"], row["spend"], row["predicted_revenue"]) == (0, 500, 0)
        assert (row["predicted_roas"], row["predicted_ltv_per_user"]) == (0, None)
        assert row["predicted_payback_day"] is None


def test_payback_beyond_the_longest_horizon_is_null() -> None:
    """3,601 is never covered by 3,600 in 90 days."""
    assert cells(twenty_weeks(spend=3600))[90]["predicted_payback_day"] == 61
    assert cells(twenty_weeks(spend=3601))[90]["predicted_payback_day"] is None
    assert cells(twenty_weeks(spend=1200))[90]["predicted_payback_day"] == 1


@pytest.mark.parametrize("mature", [0, 1, 8])
def test_too_few_mature_cohorts_are_no_basis(mature: int) -> None:
    """Below nine there is a status and NULL, never a silent number; what was seen stays."""
    chosen = twenty_weeks()[19 - mature :]
    for row in cells(chosen).values():
        assert (row["status"], row["method"]) == ("too_few_mature_cohorts", None)
        assert (row["state"], row["observed_revenue"]) == ("partial", 1200)
        for name in ("predicted_revenue", "predicted_revenue_lower", "predicted_roas"):
            assert row[name] is None
        assert row["interval_cohorts"] == 0
    if mature:
        assert cells(chosen, week=18)[90]["predicted_revenue"] == 3540
        assert cells(chosen, week=18)[90]["predicted_payback_day"] == 61


def test_a_horizon_is_forecast_as_soon_as_it_can_be() -> None:
    """D30 where nine cohorts are that old; D90 waits for its own nine, and payback says D30's."""
    cohorts = [Cohort(**{**vars(one), "known": min(one.known, 40)}) for one in twenty_weeks()]
    given = cells(cohorts)
    assert (given[30]["status"], given[30]["predicted_revenue"]) == ("ok", 2400)
    assert (given[90]["status"], given[90]["predicted_revenue"]) == ("too_few_mature_cohorts", None)
    assert given[30]["predicted_payback_day"] is None
    cohorts[19].spend = 2400
    assert cells(cohorts)[90]["predicted_payback_day"] == 21


def test_what_no_money_column_holds_is_told() -> None:
    """Growth without bound is a status, and no error of the engine."""
    cohorts = [Cohort(week=week, known=90, revenue={0: 1, 20: 10**9 + week}) for week in range(12)]
    given = cells([*cohorts, Cohort(week=19, known=10, revenue={0: 9 * 10**12})])
    assert (given[90]["status"], given[90]["predicted_revenue"]) == ("out_of_range", None)


def test_sums_that_64_bits_do_not_hold_are_exact() -> None:
    """9.2 trillion are as many millionths as 64 bits hold; one more came out as a debt."""
    most = 9 * 10**12
    cohorts = [Cohort(week=week, known=90, revenue={0: most, 20: most}) for week in range(12)]
    rows = campaign_ltv_forecast(rows_of(cohorts)).to_pylist()
    assert {row["observed_revenue"] for row in rows} == {2 * most}


def test_factors_of_campaigns_and_the_pool() -> None:
    """19 cohorts double on day 20, 12 of another campaign, with 480 payers, do not: Z = 16 / 17."""
    flat = [Cohort("flat", week=week, known=90, revenue={0: 1000}) for week in range(12)]
    rows = development_factors(rows_of([*twenty_weeks(), *flat])).to_pylist()
    given = {(row["campaign_id"], row["age_days"]): row for row in rows}
    assert len(given) == len(rows) == 3 * 89
    old = sum(1000 + 10 * week for week in range(19))
    pool = (2 * old + 12_000) / (old + 12_000)
    assert given["(all)", 20] == {
        "campaign_id": "(all)",
        "age_days": 20,
        "factor": pytest.approx(pool),
        "factor_raw": pytest.approx(pool),
        "factor_pool": pytest.approx(pool),
        "weight": 1.0,
        "cohorts": 31,
        "payers": 31 * 40,
    }
    assert given["flat", 20]["factor_raw"] == 1
    assert given["flat", 20]["weight"] == pytest.approx(16 / 17)
    assert given["flat", 20]["factor"] == pytest.approx((16 + pool) / 17)
    assert (given["ads", 9]["cohorts"], given["ads", 10]["cohorts"]) == (20, 19)


def test_a_campaign_called_as_the_pool_keeps_the_key_unique() -> None:
    """Its forecasts stay; factors and back-test of that name are the pool's."""
    rows = rows_of([Cohort(**{**vars(one), "campaign": "(all)"}) for one in twenty_weeks()])
    assert len(campaign_ltv_forecast(rows)) == 40
    for fit, key in (
        (development_factors, ["campaign_id", "age_days"]),
        (campaign_forecast_backtest, ["backtest", "start_age_days", "horizon_days"]),
    ):
        table = fit(rows)
        assert len(table.group_by(key).aggregate([])) == len(table) > 0


def test_backtest_by_hand() -> None:
    """Cohorts that develop alike are forecast without error; their LTV per install differs.

    The mean LTV of the other eighteen is 3 × (1,000 + 10 × (171 − week) / 18) a hundred installs.
    """
    rows = campaign_forecast_backtest(rows_of(twenty_weeks())).to_pylist()
    given = {
        (row["backtest"], row["start_age_days"], row["horizon_days"]): row
        for row in rows
        if row["campaign_id"] == "(all)"
    }
    assert [key for key in given if key[0] == "leave_one_out"] == [
        ("leave_one_out", age, days)
        for age, days in ((7, 30), (7, 90), (14, 30), (14, 90), (28, 30), (28, 90))
    ]
    row = given["leave_one_out", 7, 90]
    assert (row["cohorts"], row["interval_coverage"]) == (19, 1)
    assert row["actual_revenue"] == row["predicted_revenue"] == 3 * (19_000 + 1710)
    assert row["bias"] == row["mae"] == row["mape"] == 0
    naive = [3 * 10 * abs((171 - week) / 18 - week) for week in range(19)]
    assert row["baseline_mae"] == pytest.approx(sum(naive) / 19)
    actual = [3 * (1000 + 10 * week) for week in range(19)]
    shares = [error / revenue for error, revenue in zip(naive, actual, strict=True)]
    assert row["baseline_mape"] == pytest.approx(sum(shares) / 19)
    # At an origin whose cohort is 7 days old, those of 4 weeks before are known for 30 days: nine
    # of them from week 12 on, every other week of which is an origin.
    row = given["rolling_origin", 7, 30]
    assert (row["cohorts"], row["bias"], row["interval_coverage"]) == (4, 0, 1)


def test_a_campaign_has_errors_of_its_own() -> None:
    """A campaign that stops developing is forecast too high from before, as its bias says."""
    stops = [
        Cohort("stops", week=week, known=90, payers=31, revenue={0: 1000 + week, 20: 10})
        for week in range(2)
    ]
    rows = campaign_forecast_backtest(rows_of([*twenty_weeks(), *stops])).to_pylist()
    given = {
        row["campaign_id"]: row
        for row in rows
        if (row["backtest"], row["start_age_days"], row["horizon_days"]) == ("leave_one_out", 7, 90)
    }
    assert list(given) == ["(all)", "ads", "stops"]
    assert given["stops"]["cohorts"] == 2
    assert given["stops"]["bias"] > 0.5 > abs(given["ads"]["bias"])
    assert given["(all)"]["cohorts"] == 21


@pytest.mark.parametrize("fit", FITS)
def test_order_of_rows_is_nothing(fit: Any) -> None:
    """Same rows in, same tables out, to the last digit."""
    chance = random.Random(4)
    cohorts = [
        Cohort(
            name,
            week,
            min(90, 7 * (19 - week)),
            chance.randint(20, 90),
            chance.randint(20, 60),
            50,
            revenue={age: chance.randint(-3, 30) for age in range(0, 90, 3)},
        )
        for name in ("a", "b", "c")
        for week in range(20)
    ]
    rows = rows_of(cohorts)
    expected = fit(rows)
    assert len(expected) > 0
    for _ in range(3):
        order = list(range(len(rows)))
        chance.shuffle(order)
        assert fit(rows.take(pa.array(order))).equals(expected)


@pytest.mark.parametrize("fit", FITS)
def test_nothing_gives_nothing(fit: Any) -> None:
    """No cohorts: a table of the right columns and no rows."""
    table = fit(rows_of([]))
    assert len(table) == 0
    assert table.num_columns > 0
