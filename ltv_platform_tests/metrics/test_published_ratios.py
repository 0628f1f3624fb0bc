"""Every published ratio is a metric of the catalogue, or there is a reason why it is not."""

from fnmatch import fnmatch

from ltv_platform.contracts import build_catalog
from ltv_platform.metrics import catalogue, families
from ltv_platform.metrics.page import catalogue_section
from ltv_platform.settings import Settings
from ltv_platform_tests.testing import ROOT

#: Columns of marts with type DOUBLE, and the family of metrics that they are.
METRICS = {
    "campaign_ltv.ltv_d*_per_user": "ltv_dN",
    "campaign_ltv.arppu_d*": "arppu_dN",
    "campaign_ltv.retention_d*": "retention_dN",
    "campaign_roas.cpi": "cpi",
    "campaign_roas.roas_d*": "roas_dN",
    "campaign_roas.roas_to_date": "roas_to_date",
    "campaign_summary.cpi": "cpi",
    "campaign_summary.roas_to_date": "roas_to_date",
    "campaign_summary.ltv_d*_per_user": "ltv_dN",
    "campaign_summary.roas_d*": "period_roas_dN",
    "campaign_summary.cohort_roas_d*": "roas_dN",
    "country_roas.roas_d*": "roas_dN",
    "country_roas.blended_roas_d*": "blended_roas_dN",
    "campaign_ltv_forecast.predicted_ltv_per_user": "predicted_ltv_dN",
    "campaign_ltv_forecast.predicted_roas*": "predicted_roas_dN",
    "campaign_outlook.expected_roas*": "expected_roas_dN",
    "campaign_outlook.ltv_cac*": "ltv_cac",
    "channel_reporting.CPO": "channel_cpo",
    "channel_reporting.ROAS": "channel_roas",
    "channel_model_comparison.cpo": "channel_cpo",
    "channel_model_comparison.roas": "channel_roas",
    "customer_ltv.avg_order_value": "avg_order_value",
    "ltv_by_cohort.avg_ltv": "ltv",
    "ltv_by_cohort.avg_ltv_m*": "ltv_mN",
    "customer_retention.retention_bounded": "retention_mN",
    "ltv_forecast.expected_purchases_d*": "expected_purchases_dN",
}
#: Columns that are not metrics.
REASONS = {
    "campaign_cohort_curve.cumulative_roas": "a curve by age; roas_dN is its value at a horizon",
    "campaign_summary.payback_spend_share": "the coverage of payback_day",
    "campaign_outlook.*": "an assessment of one campaign with its interval, not a ratio of sums",
    "development_factors.*": "parameters of forecasts",
    "campaign_forecast_backtest.*": "errors of forecasts: the back-tests of an answer",
    "customer_journeys.seconds_*": "times between sessions",
    "markov_channels.*": "estimates of one chain, which do not add up",
    "channel_reporting_by_conversion_date.*": "cost and conversions of different customers",
    "channel_model_comparison.disagreement": "compares models; it is no ratio of sums",
    "customer_cohort_curve.cumulative_ltv_per_customer": "a curve by age; ltv_mN is its value",
    "ltv_by_cohort.median_ltv": "a median",
    "ltv_by_cohort.avg_transactions": "lines of orders, which depend on the shop's export",
    "customer_retention.retention_unbounded": "changes with every later month",
    "purchase_histories.mean_repeat_value": "input of a model",
    "forecast_models.*": "parameters of models",
    "purchase_forecasts.*": "output of a model per group of histories",
    "ltv_forecast.p_alive": "a probability of one customer",
    "forecast_backtest.*": "errors of forecasts: the back-tests of an answer",
    "forecast_totals.*": "bands of totals",
    "ltv_influencing_factors.*": "estimates of a regression",
}


def _columns() -> list[str]:
    return [
        f"{table.name}.{column.name}"
        for table in build_catalog(Settings()).derived
        if table.layer == "marts"
        for column in table.published
        if column.type == "DOUBLE"
    ]


def test_every_published_ratio_is_a_metric_or_has_a_reason() -> None:
    """A new column of type DOUBLE in a mart belongs into one of the two lists above."""
    known = {**METRICS, **REASONS}
    assert [c for c in _columns() if not any(fnmatch(c, pattern) for pattern in known)] == []


def test_the_lists_name_columns_and_metrics_that_exist() -> None:
    """Otherwise a column that was renamed would have no metric unnoticed."""
    columns = _columns()
    unused = [p for p in (*METRICS, *REASONS) if not any(fnmatch(c, p) for c in columns)]
    assert unused == []
    names = {family.name for family in families(catalogue(Settings()))}
    assert set(METRICS.values()) <= names


def test_the_docs_name_every_metric() -> None:
    """docs/metrics.md, "Names in the catalogue": what `make docs` writes."""
    page = (ROOT / "docs/metrics.md").read_text("utf-8")
    assert catalogue_section(Settings()) in page
