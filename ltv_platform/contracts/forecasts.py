"""Tables of customer forecasts: purchase histories, models, forecasts, back-tests.

All of them use events up to as_of and are written as a whole: a late purchase may change a customer
of any age, and every customer influences every parameter.
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
        "One row per customer with a transaction. On how many days did they buy, first and last "
        "when, and for how much after refunds?"
    ),
    key=("customer_id",),
    columns=(
        _CUSTOMER_ID,
        Column(
            "purchase_days", "INTEGER", "Days with a purchase that was not refunded.", required=True
        ),
        Column("first_purchase_date", "DATE", "First of these days; NULL: none."),
        Column("last_purchase_date", "DATE", "Last of these days."),
        Column("repeat_days", "INTEGER", "x: repeat purchase days, purchase_days − 1."),
        Column("span_days", "INTEGER", "t_x: days from the first to the last purchase day."),
        Column("age_days", "INTEGER", "T: days from the first purchase day to as_of."),
        Column("purchase_value", TOTAL, "Value after refunds, over all purchase days."),
        Column("repeat_value", TOTAL, "Value after refunds, over the repeat purchase days."),
        Column("mean_repeat_value", "DOUBLE", "m: repeat_value / repeat_days."),
        Column(
            "net_revenue",
            TOTAL,
            "Purchases − refunds, like ltv; less than purchase_value where refunds exceed "
            "purchases.",
            required=True,
        ),
    ),
)

FORECAST_MODELS = Table(
    layer="marts",
    name="forecast_models",
    description=(
        "One row per model and parameter. Which fitted models forecast purchases and their "
        "values, and are they usable?"
    ),
    key=("model", "parameter"),
    columns=(
        Column("model", "VARCHAR", "bgnbd, mbgnbd (purchases) or gamma_gamma.", required=True),
        Column("parameter", "VARCHAR", "r, alpha, a, b, or p, q, v.", required=True),
        Column("value", "DOUBLE", "Maximum-likelihood estimate; NULL: not fitted."),
        Column(
            "standard_error",
            "DOUBLE",
            "Standard error of the value; NULL where the data do not determine it.",
        ),
        Column(
            "log_likelihood",
            "DOUBLE",
            "Natural log-likelihood of the model; the same on all its rows.",
        ),
        Column("status", "VARCHAR", f"ok, {_STATUS}.", required=True),
        Column("reason", "VARCHAR", "The status in words; NULL when ok."),
        Column("customers", "BIGINT", "Customers the model is fitted to.", required=True),
        Column(
            "excluded_customers",
            "BIGINT",
            "Customers with transactions who are excluded from the fit: everything was refunded; "
            "for gamma_gamma, also a negative ltv or only free repeat purchases.",
            required=True,
        ),
        Column("unit", "VARCHAR", "Unit of time of alpha: day.", required=True),
        Column("as_of", "DATE", "Last day of data the model uses."),
    ),
)

PURCHASE_FORECASTS = Table(
    layer="marts",
    name="purchase_forecasts",
    description=(
        "One row per group of customers with equal purchase days, and horizon. How many purchase "
        "days does MBG/NBD expect of each customer?"
    ),
    key=("repeat_days", "span_days", "age_days", "horizon_days"),
    columns=(
        Column("repeat_days", "INTEGER", "x: repeat purchase days.", required=True),
        Column("span_days", "INTEGER", "t_x: first to last purchase day.", required=True),
        Column("age_days", "INTEGER", "T: first purchase day to as_of.", required=True),
        Column("horizon_days", "INTEGER", "Days after as_of.", required=True),
        Column("customers", "BIGINT", "Customers with this history.", required=True),
        Column("p_alive", "DOUBLE", "Probability that they are still buying.", required=True),
        Column("expected_purchases", "DOUBLE", "Expected purchase days.", required=True),
        Column("lower_purchases", "DOUBLE", "10 % quantile of purchase days.", required=True),
        Column("upper_purchases", "DOUBLE", "90 % quantile of purchase days.", required=True),
        Column(
            "lower_factor",
            "DOUBLE",
            "10 % quantile of revenue as a multiple of v + x m (v of gamma_gamma, m the customer's "
            "mean_repeat_value); NULL if gamma_gamma is not ok.",
        ),
        Column("upper_factor", "DOUBLE", "The same for the 90 % quantile."),
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
            f"ltv / max(1, tenure in months) × {days / 30.4375:.2f} months: revenue so far, "
            "extrapolated.",
        ),
    )


def _ltv_forecast(settings: "Settings") -> Table:
    return Table(
        layer="marts",
        name="ltv_forecast",
        description=(
            "One row per customer, including those without transactions. Are they still buying, "
            "and what will they bring in?"
        ),
        key=("customer_id",),
        columns=(
            _CUSTOMER_ID,
            Column("country", "VARCHAR", "Country, or (unknown).", required=True),
            Column("segment", "VARCHAR", "Customer segment from the source."),
            Column("total_transactions", "BIGINT", "Number of purchase rows.", required=True),
            Column("ltv", TOTAL, "Net revenue so far.", required=True),
            Column("tenure_days", "INTEGER", "Days from registration to as_of.", required=True),
            Column(
                "purchase_days",
                "INTEGER",
                "Days with a purchase that was not refunded.",
                required=True,
            ),
            Column(
                "status",
                "VARCHAR",
                "ok; one_purchase; no_purchase: no forecast; otherwise why a model cannot be used: "
                f"{_STATUS}.",
                required=True,
            ),
            Column(
                "method",
                "VARCHAR",
                "model: MBG/NBD and gamma_gamma; model_at_bound: the same with a parameter of "
                "MBG/NBD at its bound; own_mean: MBG/NBD, with the customer's own mean purchase "
                "value; naive: naive_revenue, not below 0; none.",
                required=True,
            ),
            Column("p_alive", "DOUBLE", "Probability that the customer is still buying."),
            *(column for days in settings.forecast_horizons for column in _of_horizon(days)),
        ),
    )


FORECAST_BACKTEST = Table(
    layer="marts",
    name="forecast_backtest",
    description=(
        "One row per origin, model and measure. How close were forecasts that used only what was "
        "known on that day?"
    ),
    key=("origin", "model", "measure"),
    columns=(
        Column("origin", "DATE", "Last day of data the forecast uses.", required=True),
        Column("holdout_end", "DATE", "Last forecast day.", required=True),
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
        Column(
            "predicted_total", "DOUBLE", "Forecast total over the customers; NULL: not forecast."
        ),
        Column("actual_total", "DOUBLE", "Actual total over the customers in the holdout."),
        Column("bias", "DOUBLE", "predicted_total / actual_total − 1."),
        Column("mae", "DOUBLE", "Mean absolute error per customer."),
        Column("rmse", "DOUBLE", "Root of the mean squared error per customer."),
        Column("r", "DOUBLE", "Correlation of forecast and actual over the customers."),
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
        Column("fallbacks", "BIGINT", "Customers whose method is not model.", required=True),
        Column("predicted_total", TOTAL, "Sum of ltv_forecast; NULL: too large."),
        Column("lower_total", TOTAL, "predicted_total × lower_factor."),
        Column("upper_total", TOTAL, "predicted_total × upper_factor."),
        Column("origins", "BIGINT", "Past forecasts that give the band.", required=True),
        Column(
            "lower_factor",
            "DOUBLE",
            "Lower end of the 80 % band of actual / predicted, from the back-test; NULL with "
            "fewer than two past forecasts.",
        ),
        Column("upper_factor", "DOUBLE", "Upper end of that band."),
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
