"""Predicted LTV of campaigns: forecasts of weekly cohorts, their basis, and their accuracy.

Every forecast has an interval, a method, a status and a back-test.
"""

from ltv_platform.contracts.model import TOTAL, Column, Table

_CAMPAIGN_OR_ALL = Column(
    "campaign_id", "VARCHAR", "Campaign, (organic) or (unknown); (all): the pool.", required=True
)
_HORIZON = Column("horizon_days", "INTEGER", "Days of life covered by the forecast.", required=True)

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
            "Customers who paid within the longest configured horizon covered by known_age_days.",
            required=True,
        ),
        Column(
            "known_age_days",
            "INTEGER",
            "Days of life known for every customer: those of the youngest install date.",
            required=True,
        ),
        Column("spend", TOTAL, "Spend on the install dates; NULL: no known spend."),
        Column("cost_complete", "BOOLEAN", "Whether the cost is final.", required=True),
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
            "forecast too large for a money column.",
            required=True,
        ),
        Column(
            "observed_revenue",
            TOTAL,
            "Net revenue of the known days, at most the horizon.",
            required=True,
        ),
        Column("predicted_revenue", TOTAL, "Net revenue of the horizon, observed or expected."),
        Column("predicted_revenue_lower", TOTAL, "Lower end of the 80 % interval."),
        Column("predicted_revenue_upper", TOTAL, "Upper end of the 80 % interval."),
        Column("predicted_ltv_per_user", "DOUBLE", "predicted_revenue / installs."),
        Column("predicted_roas", "DOUBLE", "predicted_revenue / spend; NULL: cost is not final."),
        Column("predicted_roas_lower", "DOUBLE", "predicted_revenue_lower / spend."),
        Column("predicted_roas_upper", "DOUBLE", "predicted_revenue_upper / spend."),
        Column(
            "predicted_payback_day",
            "INTEGER",
            "Day of life by the end of which observed or expected revenue covers the spend; NULL: "
            "not within the longest forecast horizon.",
        ),
        Column(
            "interval_cohorts",
            "BIGINT",
            "Mature cohorts whose errors give the interval; 0: observed, or no forecast.",
            required=True,
        ),
    ),
)

DEVELOPMENT_FACTORS = Table(
    layer="marts",
    name="development_factors",
    description=(
        "One row per campaign (and for (all)) and age in days. How much does the revenue of a "
        "cohort still grow from day to day?"
    ),
    key=("campaign_id", "age_days"),
    columns=(
        _CAMPAIGN_OR_ALL,
        Column("age_days", "INTEGER", "Days of life at which the factor starts.", required=True),
        Column(
            "factor",
            "DOUBLE",
            "Scales revenue of the first age_days days to one more day: weight × factor_raw + (1 "
            "− weight) × factor_pool.",
            required=True,
        ),
        Column(
            "factor_raw",
            "DOUBLE",
            "Factor of the campaign's own cohorts; NULL: none has revenue above 0.",
        ),
        Column("factor_pool", "DOUBLE", "Factor of the cohorts of all campaigns.", required=True),
        Column("weight", "DOUBLE", "payers / (payers + 30); (all): 1.", required=True),
        Column("cohorts", "BIGINT", "Cohorts known for one day more than age_days.", required=True),
        Column("payers", "BIGINT", "Their payers at that age.", required=True),
    ),
)

CAMPAIGN_FORECAST_BACKTEST = Table(
    layer="marts",
    name="campaign_forecast_backtest",
    description=(
        "One row per test method, campaign (and for (all)), starting age and horizon. How far off "
        "would such forecasts have been?"
    ),
    key=("backtest", "campaign_id", "start_age_days", "horizon_days"),
    columns=(
        Column(
            "backtest",
            "VARCHAR",
            "leave_one_out: each mature cohort is forecast from all others; rolling_origin: from "
            "what was known when it had the starting age.",
            required=True,
        ),
        _CAMPAIGN_OR_ALL,
        Column("start_age_days", "INTEGER", "Known days of life.", required=True),
        _HORIZON,
        Column(
            "cohorts",
            "BIGINT",
            "Weekly cohorts that were forecast and are now mature.",
            required=True,
        ),
        Column("actual_revenue", TOTAL, "Their actual revenue.", required=True),
        Column("predicted_revenue", TOTAL, "Their forecast revenue.", required=True),
        Column("bias", "DOUBLE", "predicted_revenue / actual_revenue − 1."),
        Column("mae", "DOUBLE", "Mean of |forecast − actual| per cohort.", required=True),
        Column(
            "rmse", "DOUBLE", "Root of the mean of (forecast − actual)² per cohort.", required=True
        ),
        Column(
            "mape", "DOUBLE", "Mean of |forecast / actual − 1| over cohorts with revenue above 0."
        ),
        Column(
            "r", "DOUBLE", "Correlation of forecast and actual; NULL: one of them does not vary."
        ),
        Column(
            "interval_coverage",
            "DOUBLE",
            "Share of cohorts inside their 80 % interval.",
            required=True,
        ),
        Column(
            "baseline_bias",
            "DOUBLE",
            "bias of a naive forecast: installs × LTV of the mature cohorts.",
        ),
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
