"""A figure of a pipe is the figure of the catalogue, also by week and by month."""

from datetime import date
from typing import Any

import pytest

from ltv_platform.metrics import Grain, State
from ltv_platform_tests.metrics.asking import cells
from ltv_platform_tests.pipes.asking import Asking

#: Columns of campaign_roas and campaign_ltv, and the metrics that they are.
ROAS = {"installs": "installs", "spend": "spend", "cpi": "cpi", "revenue_d7": "revenue_d7"}
ROAS |= {f"roas_d{days}": f"roas_d{days}" for days in (1, 30, 90)}
LTV = {f"ltv_d{days}_per_user": f"ltv_d{days}" for days in (7, 60)}
LTV |= {"arppu_d30": "arppu_d30", "retention_d30": "retention_d30"}
NO_CHANNEL = ("(not attributed)", "(pending)")


def _by_period(
    rows: list[dict[str, Any]], column: str, day: str, *names: str
) -> dict[tuple[Any, ...], Any]:
    return {(row[day], *(row[name] for name in names)): row[column] for row in rows}


@pytest.mark.parametrize("grain", ["week", "month"])
@pytest.mark.parametrize(
    ("pipe", "columns"), [("campaign_roas", ROAS), ("campaign_ltv", LTV)], ids=["roas", "ltv"]
)
def test_campaigns_and_countries(
    sample: Asking, pipe: str, columns: dict[str, str], grain: str
) -> None:
    """Where the catalogue knows all of a figure, the pipe answers it; otherwise NULL."""
    rows = sample.rows(pipe, grain=grain)
    for column, metric in columns.items():
        shown = _by_period(rows, column, "install_date", "campaign_id", "country")
        known = cells(sample.home, metric, by=("campaign", "country"), grain=Grain(grain))
        whole = {key: c.value for key, c in known.items() if c.state is State.OBSERVED}
        assert len(whole) > 20
        for key, value in whole.items():
            # Of an organic cohort without spend, the table has no cost per install.
            assert shown[key] == value or (value is None and not shown[key]), (column, key)
        if column in ("installs", "spend"):
            continue
        immature = [key for key, cell in known.items() if cell.state is State.IMMATURE]
        assert all(shown.get(key) is None for key in immature), column


@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_channels_by_model(sample: Asking, grain: str) -> None:
    """Credit, cost per order and ROAS of a model."""
    rows = sample.rows("channel_model_comparison", model="linear", grain=grain)
    for column, metric in {"roas": "channel_roas", "cpo": "channel_cpo"}.items():
        shown = _by_period(rows, column, "date", "channel_name")
        known = cells(
            sample.home,
            metric,
            by=("channel",),
            where={"model": ("linear",)},
            grain=Grain(grain),
        )
        # Nothing is spent on conversions without a channel, so the tables have no ratio of them.
        whole = {
            key: cell.value
            for key, cell in known.items()
            if cell.state is State.OBSERVED and key[1] not in NO_CHANNEL
        }
        assert whole
        assert {key: shown[key] for key in whole} == whole


def test_a_week_that_is_partly_known_is_null(sample: Asking) -> None:
    """The sums of the newest week lack days, so its D7 revenue is not known; installs are."""
    newest = date(2026, 11, 23)
    rows = sample.rows("campaign_ltv", grain="week", start_date=newest)
    assert {row["install_date"] for row in rows} == {newest}
    assert {row["revenue_d7"] for row in rows} == {None}
    assert {row["retention_d7"] for row in rows} == {None}
    assert all(row["installs"] > 0 for row in rows)


def test_a_curve_of_a_month_ends_where_its_youngest_cohort_ends(sample: Asking) -> None:
    """Otherwise a cumulative sum would fall, because cohorts drop out of it."""
    rows = sample.rows("campaign_cohort_curve", grain="month", start_date="2026-10-01")
    october = [r for r in rows if r["install_date"] == date(2026, 10, 1)]
    by_campaign: dict[str, list[dict[str, Any]]] = {}
    for row in october:
        by_campaign.setdefault(row["campaign_id"], []).append(row)
    assert len(by_campaign) > 5
    for campaign, curve in by_campaign.items():
        [spend, installs] = sample.home.values(
            "SELECT UNNEST([SUM(spend), SUM(installs)]) FROM campaign_cohort_curve "
            f"WHERE campaign_id = '{campaign}' AND age_day = 0 "
            "AND DATE_TRUNC('month', install_date) = DATE '2026-10-01'"
        )
        assert {row["spend"] for row in curve} == {spend}
        assert {row["installs"] for row in curve} == {installs}
        assert [row["age_day"] for row in curve] == list(range(len(curve)))
        assert len(curve) >= 29
        total = 0
        for row in curve:
            total += row["revenue"]
            assert row["cumulative_revenue"] == total
            if row["cumulative_roas"] is not None:
                assert row["cumulative_roas"] == float(total) / float(spend)


def test_cohorts_of_a_country(sample: Asking) -> None:
    """Customers and their LTV by month of registration, filtered in both."""
    rows = sample.rows("ltv_by_cohort", country="US", segment="premium")
    assert len(rows) == 16
    where = {"country": ("US",), "segment": ("premium",)}
    for column, metric in {
        "customers": "customers",
        "total_ltv": "total_ltv",
        "avg_ltv": "ltv",
        "purchasing_customers": "buyers",
    }.items():
        known = cells(sample.home, metric, where=where, grain=Grain.MONTH)
        assert {row["cohort_month"]: row[column] for row in rows} == {
            month: cell.value for month, cell in known.items()
        }
