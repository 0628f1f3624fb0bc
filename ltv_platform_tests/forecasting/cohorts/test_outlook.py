"""docs/metrics.md, outlook of campaigns: the rows of the table, added up by hand."""

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from ltv_platform.forecasting.cohorts.outlook import campaign_outlook
from ltv_platform.forecasting.cohorts.tables import campaign_ltv_forecast
from ltv_platform_tests.forecasting.cohorts.triangles import Cohort, rows_of

HORIZONS = (30, 90)


def nineteen_weeks(**of_young: Any) -> list[Cohort]:
    """Eighteen mature cohorts, 1,000 at once and as much again on days 20 and 60, and a young one.

    The young one is 40 days old and has brought 2,000 so far; each has spent 2,500.
    """
    mature = [
        Cohort(week=week, known=90, spend=2500, revenue=dict.fromkeys((0, 20, 60), 1000))
        for week in range(18)
    ]
    young = {"known": 40, "spend": 2500, "revenue": {0: 1000, 20: 1000}, **of_young}
    return [*mature, Cohort(week=18, **young)]


def outlook(cohorts: list[Cohort], **of_campaign: Any) -> dict[str, dict[str, Any]]:
    """The rows by campaign; what campaign_summary says about the campaigns may be given."""
    rows = rows_of(cohorts, HORIZONS)
    forecasts = {
        (row["campaign_id"], row["install_week"], row["horizon_days"]): row
        for row in campaign_ltv_forecast(rows).to_pylist()
    }
    listed = []
    for row in rows.to_pylist():
        name, head = row["campaign_id"], row["age_day"] == 0
        own = [cohort for cohort in cohorts if cohort.campaign == name]
        spend = sum(cohort.spend or 0 for cohort in own)
        installs = sum(cohort.installs for cohort in own)
        figures: dict[str, Any] = {
            "campaign_name": None,
            "media_source": None,
            "campaign_installs": installs,
            "cohort_cost": Decimal(spend) if spend else None,
            "spend_share": 1.0 if spend else None,
            "revenue_to_date": Decimal(100),
            "profit_to_date": Decimal(100 - spend) if spend else None,
            "cpi": spend / installs if spend and installs else None,
            "payback_day": None,
            "payback_spend_share": None,
            "mature_spend_share_d30": 0.9 if spend else None,
            "mature_spend_share_d90": 0.7 if spend else None,
            "cohort_roas_d30": 0.8 if spend else None,
            "cohort_roas_d90": 1.1 if spend else None,
        }
        for days in HORIZONS:
            cell = forecasts[name, row["install_week"], days]
            predicted = cell["predicted_revenue"]
            figures[f"predicted_d{days}"] = (
                None if predicted is None else int(predicted * 1_000_000)
            )
            figures[f"multiplicative_d{days}"] = cell["method"] == "multiplicative"
        figures = {**figures, **of_campaign}
        listed.append({**row, **{key: value if head else None for key, value in figures.items()}})
    types = {
        **{field.name: field.type for field in rows.schema},
        **dict.fromkeys(("predicted_d30", "predicted_d90"), pa.decimal128(38, 0)),
        **dict.fromkeys(("cohort_cost", "revenue_to_date", "profit_to_date"), pa.decimal128(38, 6)),
        **dict.fromkeys(("campaign_name", "media_source"), pa.string()),
        **dict.fromkeys(("campaign_installs", "payback_day"), pa.int64()),
        **dict.fromkeys(("multiplicative_d30", "multiplicative_d90"), pa.bool_()),
        **dict.fromkeys(("spend_share", "cpi", "payback_spend_share"), pa.float64()),
        **dict.fromkeys(("mature_spend_share_d30", "mature_spend_share_d90"), pa.float64()),
        **dict.fromkeys(("cohort_roas_d30", "cohort_roas_d90"), pa.float64()),
    }
    table = pa.table(
        {name: pa.array([row[name] for row in listed], kind) for name, kind in types.items()}
    )
    return {row["campaign_id"]: row for row in campaign_outlook(table).to_pylist()}


def test_expected_figures_by_hand() -> None:
    """19 × 3,000 over 19 × 2,500: the young cohort grows by a half to 3,000, as all others did."""
    row = outlook(nineteen_weeks())["ads"]
    for name in ("expected_roas", "expected_roas_d90"):
        ends = [row[f"{name}{end}"] for end in ("", "_lower", "_upper")]
        assert ends == [pytest.approx(1.2, rel=1e-11)] * 3  # no cohort was off
    assert row["expected_roas_d30"] == pytest.approx(0.8)
    assert (row["expected_horizon_days"], row["expected_spend_share"]) == (90, 1)
    assert row["expected_profit"] == 19 * 500
    assert row["expected_ltv_per_user"] == 30
    assert row["ltv_cac"] == pytest.approx(30 / 25)
    days = [row[f"expected_payback_day{end}"] for end in ("", "_lower", "_upper")]
    assert days == [61, 61, 61]
    assert (row["status"], row["verdict"], row["action"]) == ("ok", "will_pay_back", "continue")
    assert row["interval_parts"] == 9


def test_the_observed_horizon_is_that_of_enough_spend() -> None:
    """D90 ROAS of 1.1 covers 70 % of the spend, so D30 with 90 % is what was observed."""
    row = outlook(nineteen_weeks())["ads"]
    observed = [row[f"observed_{name}"] for name in ("horizon_days", "roas", "spend_share")]
    assert observed == [30, 0.8, 0.9]
    assert row["mature_spend_share_d90"] == 0.7
    assert row["reason"].startswith("D30 ROAS 0.80 on 90 % of the spend; expected 1.20 by D90")
    none = outlook(nineteen_weeks(), mature_spend_share_d30=0.79)["ads"]
    assert none["observed_horizon_days"] is none["observed_roas"] is None


def test_only_what_is_to_come_has_an_error() -> None:
    """Ten cohorts bring 3,300 and eight 2,700, so the young one is expected to bring 3,033.33.

    The lower end is not below the 2,000 that it has brought so far.
    """
    cohorts = nineteen_weeks()
    for week, cohort in enumerate(cohorts[:18]):
        cohort.revenue = {0: 1000, 20: 1000, 60: 700 if week // 2 % 2 else 1300}
    row = outlook(cohorts)["ads"]
    spend, mature = 19 * 2500, 10 * 3300 + 8 * 2700
    assert row["expected_roas"] == pytest.approx((mature + 2000 * mature / 36_000) / spend)
    assert row["expected_roas_lower"] == pytest.approx((mature + 2000) / spend)
    assert (mature + 3100) / spend < row["expected_roas_upper"] < (mature + 5000) / spend
    days = [row[f"expected_payback_day{end}"] for end in ("_lower", "", "_upper")]
    assert days == [61, 61, 61]


def test_what_loses_money_is_stopped() -> None:
    """Spend of 4,000 is not earned back by 3,000: 0.75, with no doubt and no payback day."""
    cohorts = [Cohort(**{**vars(one), "spend": 4000}) for one in nineteen_weeks()]
    row = outlook(cohorts)["ads"]
    assert (row["verdict"], row["action"]) == ("will_not_pay_back", "stop")
    assert row["expected_profit"] == -19 * 1000
    assert row["expected_payback_day"] is row["expected_payback_day_lower"] is None


def test_spend_that_may_still_grow_is_left_out() -> None:
    """The young cohort's cost is not final: 18 of 19 cohorts remain, and all count for the LTV."""
    row = outlook(nineteen_weeks(cost_complete=False))["ads"]
    assert row["expected_spend_share"] == pytest.approx(18 / 19)
    assert row["expected_profit"] == 18 * 500
    assert row["expected_ltv_per_user"] == 30
    more = outlook(nineteen_weeks(cost_complete=False, spend=20_000))["ads"]
    assert more["expected_roas"] is more["expected_horizon_days"] is None
    assert (more["status"], more["verdict"]) == ("too_few_mature_cohorts", "too_early")


def test_installs_without_spend_have_an_ltv_only() -> None:
    """(organic): nothing to pay back, 30 a user."""
    free = [Cohort(**{**vars(one), "spend": None}) for one in nineteen_weeks()]
    row = outlook(free)["ads"]
    assert (row["verdict"], row["action"], row["status"]) == ("no_spend", None, "no_spend")
    assert row["expected_ltv_per_user"] == 30
    for name in ("spend", "expected_roas", "expected_profit", "ltv_cac", "expected_payback_day"):
        assert row[name] is None


def test_spend_without_installs_comes_back_never() -> None:
    """A campaign of the same time without customers: expected 0, with no doubt."""
    wasted = [Cohort("wasted", week=week, known=60, installs=0, payers=0, spend=9) for week in (3,)]
    row = outlook([*nineteen_weeks(), *wasted])["wasted"]
    assert (row["verdict"], row["expected_roas_upper"]) == ("will_not_pay_back", 0)
    assert row["expected_ltv_per_user"] is None


def test_order_of_rows_is_nothing() -> None:
    """No rows give no rows; the same rows in another order give the same table."""
    rows = outlook(nineteen_weeks())
    assert outlook(nineteen_weeks()[::-1]) == rows
    assert outlook([]) == {}
