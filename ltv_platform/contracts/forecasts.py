"""Tables of customer forecasts: purchase histories, models, what they forecast, how good that is.

All of them know of events up to as_of and are written whole: one late purchase may concern a
customer of any age, and every customer has a part in every parameter.
"""

from typing import TYPE_CHECKING

from ltv_platform.contracts.model import TOTAL, Column, Table

if TYPE_CHECKING:
    from ltv_platform.settings import Settings

_CUSTOMER_ID = Column("customer_id", "VARCHAR", "The customer.", required=True, pii=True)
_STATUS = "too_few_customers, too_few_repeaters, at_bound, infinite_mean or no_convergence"

PURCHASE_HISTORIES = Table(
    layer="marts",
    name="purchase_histories",
    description=(
        "One row per customer with a transaction. On how many days did they buy, since when, last "
        "when, for how much, after refunds?"
    ),
    key=("customer_id",),
    columns=(
        _CUSTOMER_ID,
        Column("purchase_days", "INTEGER", "Days with a purchase that was kept.", required=True),
        Column("first_purchase_date", "DATE", "The first of them; NULL: none."),
        Column("last_purchase_date", "DATE", "The last of them."),
        Column("repeat_days", "INTEGER", "x: repeat purchase days, purchase_days − 1."),
        Column("span_days", "INTEGER", "t_x: days from the first to the last purchase day."),
        Column("age_days", "INTEGER", "T: days from the first purchase day to as_of."),
        Column("purchase_value", TOTAL, "What was kept, over all purchase days."),
        Column("repeat_value", TOTAL, "What was kept, over the repeat purchase days."),
        Column("mean_repeat_value", "DOUBLE", "m: repeat_value / repeat_days."),
        Column(
            "net_revenue",
            TOTAL,
            "Purchases − refunds, as ltv; less than purchase_value where refunds exceed purchases.",
            required=True,
        ),
    ),
)

FORECAST_MODELS = Table(
    layer="marts",
    name="forecast_models",
    description=(
        "One row per model and parameter. What are purchases and their values forecast with, and "
        "may it be used?"
    ),
    key=("model", "parameter"),
    columns=(
        Column("model", "VARCHAR", "bgnbd, mbgnbd (purchases) or gamma_gamma.", required=True),
        Column("parameter", "VARCHAR", "r, alpha, a, b, or p, q, v.", required=True),
        Column("value", "DOUBLE", "Its value by maximum likelihood; NULL: not fitted."),
        Column("standard_error", "DOUBLE", "Of the value; NULL where the data do not tell."),
        Column("log_likelihood", "DOUBLE", "Of the model, natural; the same on all its rows."),
        Column("status", "VARCHAR", f"ok, {_STATUS}.", required=True),
        Column("reason", "VARCHAR", "The status in words; NULL when ok."),
        Column("customers", "BIGINT", "Customers that the model is fitted to.", required=True),
        Column(
            "excluded_customers",
            "BIGINT",
            "Customers with transactions who cannot have a part in it: all was refunded; of "
            "gamma_gamma, those with a negative ltv or free repeat purchases only.",
            required=True,
        ),
        Column("unit", "VARCHAR", "Unit of time of alpha: day.", required=True),
        Column("as_of", "DATE", "Last day that the model knows of."),
    ),
)

PURCHASE_FORECASTS = Table(
    layer="marts",
    name="purchase_forecasts",
    description=(
        "One row per group of customers with equal purchase days, and horizon. How many purchase "
        "days are expected of each, by MBG/NBD?"
    ),
    key=("repeat_days", "span_days", "age_days", "horizon_days"),
    columns=(
        Column("repeat_days", "INTEGER", "x: repeat purchase days.", required=True),
        Column("span_days", "INTEGER", "t_x: first to last purchase day.", required=True),
        Column("age_days", "INTEGER", "T: first purchase day to as_of.", required=True),
        Column("horizon_days", "INTEGER", "Days after as_of.", required=True),
        Column("customers", "BIGINT", "Customers with this history.", required=True),
        Column("p_alive", "DOUBLE", "Probability that they still buy at all.", required=True),
        Column("expected_purchases", "DOUBLE", "Expected purchase days.", required=True),
        Column("lower_purchases", "DOUBLE", "10 % quantile of purchase days.", required=True),
        Column("upper_purchases", "DOUBLE", "90 % quantile of purchase days.", required=True),
        Column(
            "lower_factor",
            "DOUBLE",
            "10 % quantile of revenue as a multiple of v + x m (v of gamma_gamma, m the customer's "
            "mean_repeat_value); NULL where gamma_gamma is not ok.",
        ),
        Column("upper_factor", "DOUBLE", "The same of the 90 % quantile."),
    ),
)


def _of_horizon(days: int) -> tuple[Column, ...]:
    ahead = f"the {days} days after as_of"
    return (
        Column(f"expected_purchases_d{days}", "DOUBLE", f"Expected purchase days in {ahead}."),
        Column(f"expected_revenue_d{days}", TOTAL, f"Expected net revenue of {ahead}."),
        Column(f"lower_revenue_d{days}", TOTAL, f"10 % quantile of the revenue of {ahead}."),
        Column(f"upper_revenue_d{days}", TOTAL, f"90 % quantile of the revenue of {ahead}."),
        Column(
            f"naive_revenue_d{days}",
            TOTAL,
            f"ltv / max(1, tenure in months) × {days / 30.4375:.2f} months: as if all went on.",
        ),
    )


def _ltv_forecast(settings: "Settings") -> Table:
    return Table(
        layer="marts",
        name="ltv_forecast",
        description=(
            "One row per customer, those without transactions too. Do they still buy, and what "
            "will they bring in?"
        ),
        key=("customer_id",),
        columns=(
            _CUSTOMER_ID,
            Column("country", "VARCHAR", "Country, or (unknown).", required=True),
            Column("segment", "VARCHAR", "The user's own segment."),
            Column("total_transactions", "BIGINT", "Purchases, line by line.", required=True),
            Column("ltv", TOTAL, "Net revenue so far.", required=True),
            Column("tenure_days", "INTEGER", "Days from registration to as_of.", required=True),
            Column(
                "purchase_days", "INTEGER", "Days with a purchase that was kept.", required=True
            ),
            Column(
                "status",
                "VARCHAR",
                "ok; one_purchase; no_purchase: no forecast; else why a model cannot be used: "
                f"{_STATUS}.",
                required=True,
            ),
            Column(
                "method",
                "VARCHAR",
                "model: MBG/NBD and gamma_gamma; model_at_bound: the same with a parameter of "
                "MBG/NBD at its bound; own_mean: MBG/NBD, each purchase worth what the "
                "customer's were; naive: as naive_revenue, not below 0; none.",
                required=True,
            ),
            Column("p_alive", "DOUBLE", "Probability that the customer still buys at all."),
            *(column for days in settings.forecast_horizons for column in _of_horizon(days)),
        ),
    )


FORECAST_BACKTEST = Table(
    layer="marts",
    name="forecast_backtest",
    description=(
        "One row per origin, model and measure. How near came forecasts that knew only what was "
        "known on that day?"
    ),
    key=("origin", "model", "measure"),
    columns=(
        Column("origin", "DATE", "Last day that the forecast knows of.", required=True),
        Column("holdout_end", "DATE", "Last day that is forecast.", required=True),
        Column("holdout_days", "INTEGER", "Days from origin to holdout_end.", required=True),
        Column(
            "model",
            "VARCHAR",
            "bgnbd, mbgnbd (spend: with gamma_gamma), or a baseline: rate_x_T, rate_n_T, zero.",
            required=True,
        ),
        Column("measure", "VARCHAR", "transactions (purchase days) or spend.", required=True),
        Column("customers", "BIGINT", "Customers with a purchase up to the origin.", required=True),
        Column("status", "VARCHAR", f"ok, {_STATUS}.", required=True),
        Column("predicted_total", "DOUBLE", "Over the customers; NULL: not forecast."),
        Column("actual_total", "DOUBLE", "What they bought in the holdout."),
        Column("bias", "DOUBLE", "predicted_total / actual_total − 1."),
        Column("mae", "DOUBLE", "Mean absolute error per customer."),
        Column("rmse", "DOUBLE", "Root of the mean squared error per customer."),
        Column("r", "DOUBLE", "Correlation over the customers."),
    ),
)

FORECAST_TOTALS = Table(
    layer="marts",
    name="forecast_totals",
    description=(
        "One row per measure and horizon. What will all customers bring in, and how far off were "
        "such totals so far?"
    ),
    key=("measure", "horizon_days"),
    columns=(
        Column("measure", "VARCHAR", "transactions (purchase days) or spend.", required=True),
        Column("horizon_days", "INTEGER", "Days after as_of.", required=True),
        Column("customers", "BIGINT", "Customers with a forecast.", required=True),
        Column("fallbacks", "BIGINT", "Those whose method is not model.", required=True),
        Column("predicted_total", TOTAL, "Sum of ltv_forecast; NULL: too large."),
        Column("lower_total", TOTAL, "predicted_total × lower_factor."),
        Column("upper_total", TOTAL, "predicted_total × upper_factor."),
        Column("origins", "BIGINT", "Past forecasts that the band rests on.", required=True),
        Column(
            "lower_factor",
            "DOUBLE",
            "Low end of the band of 80 % in which actual / predicted lies, by the back-test; NULL "
            "with fewer than two past forecasts.",
        ),
        Column("upper_factor", "DOUBLE", "Its high end."),
    ),
)


def forecast_tables(settings: "Settings") -> tuple[Table, ...]:
    """The group's contracts; ltv_forecast has columns per configured horizon."""
    return (
        PURCHASE_HISTORIES,
        FORECAST_MODELS,
        PURCHASE_FORECASTS,
        _ltv_forecast(settings),
        FORECAST_BACKTEST,
        FORECAST_TOTALS,
    )
