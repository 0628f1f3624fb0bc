"""Predicted LTV of campaigns: forecasts of weekly cohorts, what they rest on, how far off they are.

A forecast never stands alone: it has an interval, a form, a status and a back-test.
"""

from ltv_platform.contracts.model import TOTAL, Column, Table

_CAMPAIGN_OR_ALL = Column(
    "campaign_id", "VARCHAR", "Campaign, (organic) or (unknown); (all): the pool.", required=True
)
_HORIZON = Column("horizon_days", "INTEGER", "Days of life that are forecast.", required=True)

CAMPAIGN_LTV_FORECAST = Table(
    layer="marts",
    name="campaign_ltv_forecast",
    description=(
        "One row per campaign, install week and horizon. "
        "What will the cohort be worth, and will it earn its cost back?"
    ),
    key=("campaign_id", "install_week", "horizon_days"),
    columns=(
        Column("campaign_id", "VARCHAR", "Campaign, (organic) or (unknown).", required=True),
        Column("install_week", "DATE", "Monday of the week of install.", required=True),
        _HORIZON,
        Column("installs", "BIGINT", "Customers of the cohort so far.", required=True),
        Column(
            "payers",
            "BIGINT",
            "Who paid within the longest configured horizon that known_age_days covers.",
            required=True,
        ),
        Column(
            "known_age_days",
            "INTEGER",
            "Days of life known of every customer: those of the youngest install date.",
            required=True,
        ),
        Column("spend", TOTAL, "Spent on the install dates; NULL = no spend known."),
        Column("cost_complete", "BOOLEAN", "No more cost is expected.", required=True),
        Column(
            "state",
            "VARCHAR",
            "observed: all days of the horizon are known; partial: some; predicted: none.",
            required=True,
        ),
        Column(
            "method",
            "VARCHAR",
            "observed; multiplicative: revenue so far × factors; additive: revenue so far + "
            "installs × remaining LTV per install; NULL: no forecast.",
        ),
        Column(
            "status",
            "VARCHAR",
            "ok; too_few_mature_cohorts: fewer than nine, and no forecast; out_of_range: a "
            "forecast that no money column holds.",
            required=True,
        ),
        Column(
            "observed_revenue",
            TOTAL,
            "Net revenue of the known days, at most the horizon.",
            required=True,
        ),
        Column("predicted_revenue", TOTAL, "Net revenue of the horizon, seen or expected."),
        Column("predicted_revenue_lower", TOTAL, "Lower end of the 80 % interval."),
        Column("predicted_revenue_upper", TOTAL, "Upper end of the 80 % interval."),
        Column("predicted_ltv_per_user", "DOUBLE", "predicted_revenue / installs."),
        Column("predicted_roas", "DOUBLE", "predicted_revenue / spend; NULL: cost not complete."),
        Column("predicted_roas_lower", "DOUBLE", "predicted_revenue_lower / spend."),
        Column("predicted_roas_upper", "DOUBLE", "predicted_revenue_upper / spend."),
        Column(
            "predicted_payback_day",
            "INTEGER",
            "Day of life by whose end revenue, seen or expected, covers the spend; NULL: not "
            "within the longest horizon that is forecast.",
        ),
        Column(
            "interval_cohorts",
            "BIGINT",
            "Mature cohorts whose errors the interval rests on; 0: observed, or no forecast.",
            required=True,
        ),
    ),
)

DEVELOPMENT_FACTORS = Table(
    layer="marts",
    name="development_factors",
    description=(
        "One row per campaign, and (all), and age in days. "
        "How much does the revenue of a cohort still grow from day to day?"
    ),
    key=("campaign_id", "age_days"),
    columns=(
        _CAMPAIGN_OR_ALL,
        Column("age_days", "INTEGER", "Days of life that the factor starts from.", required=True),
        Column(
            "factor",
            "DOUBLE",
            "Takes revenue of the first age_days days to that of one day more: "
            "weight × factor_raw + (1 − weight) × factor_pool.",
            required=True,
        ),
        Column("factor_raw", "DOUBLE", "Of the campaign's own cohorts; NULL: none above 0."),
        Column("factor_pool", "DOUBLE", "Of the cohorts of all campaigns.", required=True),
        Column("weight", "DOUBLE", "payers / (payers + 30); (all): 1.", required=True),
        Column("cohorts", "BIGINT", "Cohorts known one day beyond age_days.", required=True),
        Column("payers", "BIGINT", "Their payers by then.", required=True),
    ),
)

CAMPAIGN_FORECAST_BACKTEST = Table(
    layer="marts",
    name="campaign_forecast_backtest",
    description=(
        "One row per way of testing, campaign, and (all), starting age and horizon. "
        "How far off would such forecasts have been?"
    ),
    key=("backtest", "campaign_id", "start_age_days", "horizon_days"),
    columns=(
        Column(
            "backtest",
            "VARCHAR",
            "leave_one_out: each mature cohort by all others; rolling_origin: by what was known "
            "when it was of the starting age.",
            required=True,
        ),
        _CAMPAIGN_OR_ALL,
        Column("start_age_days", "INTEGER", "Days of life that were known.", required=True),
        _HORIZON,
        Column("cohorts", "BIGINT", "Weekly cohorts forecast and mature since.", required=True),
        Column("actual_revenue", TOTAL, "What they brought in.", required=True),
        Column("predicted_revenue", TOTAL, "What was forecast.", required=True),
        Column("bias", "DOUBLE", "predicted_revenue / actual_revenue − 1."),
        Column("mae", "DOUBLE", "Mean of |forecast − actual| of a cohort.", required=True),
        Column(
            "rmse", "DOUBLE", "Root of the mean of (forecast − actual)² of a cohort.", required=True
        ),
        Column(
            "mape", "DOUBLE", "Mean of |forecast / actual − 1| over cohorts with revenue above 0."
        ),
        Column("r", "DOUBLE", "Correlation of forecast and actual; NULL: one does not vary."),
        Column(
            "interval_coverage", "DOUBLE", "Share of cohorts in their 80 % interval.", required=True
        ),
        Column("baseline_bias", "DOUBLE", "bias of installs × LTV of the mature cohorts."),
        Column("baseline_mae", "DOUBLE", "Its mae.", required=True),
        Column("baseline_rmse", "DOUBLE", "Its rmse.", required=True),
        Column("baseline_mape", "DOUBLE", "Its mape."),
    ),
)

CAMPAIGN_FORECAST_TABLES = (
    CAMPAIGN_LTV_FORECAST,
    DEVELOPMENT_FACTORS,
    CAMPAIGN_FORECAST_BACKTEST,
)
