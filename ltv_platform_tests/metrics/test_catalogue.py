"""Metrics of the catalogue are equal to the published tables, on the bundled sample."""

import pytest

from ltv_platform.metrics import CannotAnswer, Grain, catalogue
from ltv_platform_tests.metrics.asking import ask, cells, values
from ltv_platform_tests.testing import ROOT
from ltv_platform_tests.testing.home import Home

HORIZONS = (1, 3, 7, 14, 30, 60, 90, 180, 365)


def _column(
    home: Home, table: str, key: str, column: str, where: str = "TRUE"
) -> dict[object, object]:
    sql = f"SELECT {key} AS key, {column} AS value FROM {table} WHERE {where}"
    return {row["key"]: row["value"] for row in home.published(sql)}


@pytest.mark.parametrize("days", HORIZONS)
def test_campaigns_are_those_of_campaign_summary(published_sample: Home, days: int) -> None:
    """Maturity, costs and who is paid are those of the table, at each horizon."""
    pairs = {
        f"roas_d{days}": f"cohort_roas_d{days}",
        f"ltv_d{days}": f"ltv_d{days}_per_user",
        f"revenue_d{days}": f"total_revenue_d{days}",
        f"payers_d{days}": f"payers_d{days}",
        f"period_roas_d{days}": f"roas_d{days}",
    }
    for metric, column in pairs.items():
        try:
            answered = values(published_sample, metric, by=("campaign",))
        except CannotAnswer:  # nothing is mature
            answered = dict.fromkeys(
                _column(published_sample, "campaign_summary", "campaign_id", "1")
            )
        table = _column(published_sample, "campaign_summary", "campaign_id", column)
        if metric.startswith("roas"):  # of no spend the table has no ratio either
            assert {k: v for k, v in answered.items() if v is not None} == {
                k: v for k, v in table.items() if v is not None
            }
        else:
            assert answered == table, metric


@pytest.mark.parametrize("days", HORIZONS[:-1])
def test_countries_are_those_of_country_roas(published_sample: Home, days: int) -> None:
    """Paid and blended, with spend allocated by installs."""
    for metric in (f"roas_d{days}", f"blended_roas_d{days}"):
        answered = values(published_sample, metric, by=("country",))
        assert answered == _column(published_sample, "country_roas", "country", metric)


def test_cost_and_installs_are_those_of_campaign_summary(published_sample: Home) -> None:
    """Sums over all cohorts, mature or not."""
    pairs = {
        "installs": "installs",
        "spend": "cohort_cost",
        "cpi": "cpi",
        "roas_to_date": "roas_to_date",
        "revenue_to_date": "revenue_to_date",
        "payback_day": "payback_day",
    }
    for metric, column in pairs.items():
        table = _column(published_sample, "campaign_summary", "campaign_id", column)
        if metric == "cpi":  # spend 0 makes a CPI of 0 there, and nobody paid here
            table = {key: value or None for key, value in table.items()}
        assert values(published_sample, metric, by=("campaign",)) == table, metric


def test_channels_are_those_of_the_models(published_sample: Home) -> None:
    """Each model's credit, by channel and day; the same cost in all of them."""
    answered = values(published_sample, "channel_roas", by=("model", "channel"), grain=Grain.DAY)
    table = {
        (row["date"], row["model"], row["channel_name"]): row["roas"]
        for row in published_sample.published("SELECT * FROM channel_model_comparison")
    }
    assert answered == table
    cost = values(published_sample, "channel_cost", by=("channel",))
    assert cost == _column(
        published_sample, "channel_reporting", "channel_name", "SUM(cost)", "TRUE GROUP BY 1"
    )


def test_customers_are_those_of_the_tables(published_sample: Home) -> None:
    """LTV by month, LTV at equal age, retention, segments."""
    month = {"grain": Grain.MONTH}
    table = "ltv_by_cohort"
    assert values(published_sample, "ltv", **month) == _column(
        published_sample, table, "cohort_month", "avg_ltv"
    )
    for months in (1, 3, 6, 12):
        assert values(published_sample, f"ltv_m{months}", **month) == _column(
            published_sample, table, "cohort_month", f"avg_ltv_m{months}"
        )
        kept = values(
            published_sample, f"retention_m{months}", where={"activity": ("purchase",)}, **month
        )
        assert {key: value for key, value in kept.items() if value is not None} == _column(
            published_sample,
            "customer_retention",
            "cohort_month",
            "retention_bounded",
            f"activity = 'purchase' AND months_since_registration = {months}",
        )
    assert values(published_sample, "rfm_customers", by=("rfm_segment",)) == _column(
        published_sample, "rfm_segments", "segment", "COUNT(*)", "TRUE GROUP BY 1"
    )


def test_forecasts_are_those_of_the_tables(published_sample: Home) -> None:
    """By week and campaign with the interval of the row; sums without one."""
    [row] = ask(published_sample, "expected_revenue_d90").rows
    total = published_sample.one("SELECT SUM(expected_revenue_d90) AS total FROM ltv_forecast")[
        "total"
    ]
    assert row.cells["expected_revenue_d90"].value == total
    answer = ask(published_sample, "predicted_roas_d90", by=("campaign",), grain=Grain.WEEK)
    table = {
        (each["install_week"], each["campaign_id"]): each
        for each in published_sample.published(
            "SELECT * FROM campaign_ltv_forecast WHERE horizon_days = 90"
        )
    }
    for answered in answer.rows:
        cell = answered.cells["predicted_roas_d90"]
        each = table[answered.period, answered.labels["campaign"]]
        if each["spend"]:  # without spend there is nothing to divide by
            for value, column in ((cell.value, ""), (cell.lower, "_lower"), (cell.upper, "_upper")):
                # The table divides before it rounds revenue to the millionth.
                published = each[f"predicted_roas{column}"]
                assert value == (published and pytest.approx(published, rel=1e-6))
    own = {test["forecast"] for test in answer.backtests["predicted_roas_d90"]}
    assert "Install cohorts of meta_us_prospecting, forecast at an age of 14 days" in own
    assert {forecast for forecast in own if "of all campaigns" in forecast} == {
        f"Install cohorts of all campaigns, forecast at an age of {age} days" for age in (7, 14, 28)
    }


def test_days_are_those_of_daily_revenue(published_sample: Home) -> None:
    """By month, with the spend of the same days."""
    answered = values(published_sample, "net_revenue", grain=Grain.MONTH)
    assert answered == _column(
        published_sample,
        "daily_revenue",
        "DATE_TRUNC('month', event_date)::DATE",
        "SUM(net_revenue)",
        "TRUE GROUP BY 1",
    )
    [ratio] = values(published_sample, "revenue_per_spend").values()
    parts = published_sample.one(
        "SELECT (SELECT SUM(net_revenue) FROM daily_revenue) AS revenue, "
        "(SELECT SUM(spend) FROM campaign_spend) AS spend"
    )
    assert ratio == float(parts["revenue"]) / float(parts["spend"])


def test_outlooks_are_those_of_the_table(published_sample: Home) -> None:
    """Expected ROAS of whole campaigns with their intervals."""
    answer = ask(published_sample, "expected_roas_d90", by=("campaign",))
    table = {row["campaign_id"]: row for row in published_sample.published("FROM campaign_outlook")}
    for row in answer.rows:
        cell, expected = row.cells["expected_roas_d90"], table[row.labels["campaign"]]
        assert (cell.value, cell.lower, cell.upper) == (
            expected["expected_roas_d90"],
            expected["expected_roas_d90_lower"],
            expected["expected_roas_d90_upper"],
        )


def test_retention_of_countries_adds_up(published_sample: Home) -> None:
    """Counts of distinct customers of different countries are parts of the total."""
    [total] = cells(published_sample, "retention_m3", where={"activity": ("any",)}).values()
    parts = cells(published_sample, "retention_m3", by=("country", "segment")).values()
    assert total.numerator == sum(cell.numerator or 0 for cell in parts)
    assert total.denominator == sum(cell.denominator or 0 for cell in parts)
    assert len(parts) > 20


def test_ltv_at_equal_age_of_countries_adds_up(published_sample: Home) -> None:
    """Each customer is in one row; maturity is that of the whole month of registration."""
    [total] = cells(published_sample, "ltv_m3").values()
    parts = cells(published_sample, "ltv_m3", by=("country", "segment")).values()
    assert sum(part.numerator or 0 for part in parts) == total.numerator
    assert sum(part.denominator or 0 for part in parts) == total.denominator


def test_every_metric_answers_and_is_documented(published_sample: Home) -> None:
    """Or says why not; its link leads to a heading."""
    page = (ROOT / "docs/metrics.md").read_text("utf-8")
    headings = {
        line.lstrip("# ").lower().replace(",", "").replace(" ", "-")
        for line in page.splitlines()
        if line.startswith("## ")
    }
    refused = []
    for metric in catalogue(published_sample.settings).values():
        path, _, heading = metric.link.partition("#")
        assert (path, heading in headings) == ("docs/metrics.md", True), metric.link
        assert metric.definition.endswith("."), metric.name
        by = () if metric.additive else (next(iter(metric.dimensions)),)
        try:
            answer = ask(published_sample, metric.name, by=by)
        except CannotAnswer as refusal:
            refused.append(metric.name)
            assert "is not known yet" in refusal.reason
        else:
            assert answer.rows
    # The sample's first cohorts are 460 days old, and its first cost is younger than that.
    assert set(refused) <= {f"{name}_d365" for name in ("period_roas", "roas", "blended_roas")}
