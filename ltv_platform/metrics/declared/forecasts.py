"""Predicted metrics: cohorts of campaigns at ages not reached yet, and revenue of customers."""

from collections.abc import Iterator
from functools import partial

from ltv_platform.metrics.model import Grain, Metric, Relation, Unit

_CAMPAIGN_SECTION = "docs/metrics.md#predicted-ltv-of-campaigns"
_CUSTOMER_SECTION = "docs/metrics.md#forecasts-of-customers"

CAMPAIGN_FORECASTS = Relation(
    "campaign_forecasts",
    {"campaign": "campaign of the install, (organic) or (unknown)"},
    dated_by="week of install",
    grains=(Grain.WEEK,),
)
OUTLOOKS = Relation(
    "outlooks",
    {"campaign": "campaign of the install", "media_source": "ad network of the campaign"},
)
CUSTOMER_FORECASTS = Relation(
    "customer_forecasts",
    {
        "country": "country of the registration",
        "segment": "segment given by the source",
        "method": "how the forecast was made: by a model, or by a fallback",
    },
)


def forecast_metrics(
    horizons: tuple[int, ...], forecast_horizons: tuple[int, ...]
) -> Iterator[Metric]:
    """The predicted metrics, for each configured horizon of forecasts."""
    longest = max(horizons)
    for days in (n for n in forecast_horizons if n <= longest):
        yield from _of_campaigns(days)
        yield _expected_roas(days)
    yield Metric(
        "expected_payback_day",
        "Expected payback day",
        Unit.DAYS,
        "Day of life by the end of which observed or expected revenue of a campaign covers its "
        "spend.",
        _CAMPAIGN_SECTION,
        OUTLOOKS,
        "expected_payback_day",
        counts="expected_payback_day IS NOT NULL",
        base="spend",
        final="FALSE",
        additive=False,
        predicted=True,
        immature="it is not expected within the horizon of the forecast, or there is no forecast",
        nearest=("payback_day", f"expected_roas_d{longest}"),
    )
    yield Metric(
        "ltv_cac",
        "LTV:CAC",
        Unit.RATIO,
        "Observed and expected revenue per user of a campaign, to the longest horizon with a "
        "forecast / CPI.",
        _CAMPAIGN_SECTION,
        OUTLOOKS,
        "ltv_cac",
        counts="ltv_cac IS NOT NULL",
        base="spend",
        final="FALSE",
        additive=False,
        predicted=True,
        immature="at least 80 % of the spend must have a forecast",
        nearest=("roas_to_date",),
    )
    for days in forecast_horizons:
        yield from _of_customers(days)


def _of_campaigns(days: int) -> Iterator[Metric]:
    no_forecast = "at least nine cohorts must be mature at the horizon"
    yield Metric(
        f"predicted_ltv_d{days}",
        f"Predicted D{days} LTV",
        Unit.MONEY,
        f"Net revenue of the first {days} days after install per install, observed or expected.",
        _CAMPAIGN_SECTION,
        CAMPAIGN_FORECASTS,
        f"revenue_d{days}",
        "installs",
        counts=f"revenue_d{days} IS NOT NULL",
        base="installs",
        final=f"final_d{days}",
        predicted=True,
        horizon=days,
        immature=no_forecast,
        nearest=(f"ltv_d{days}",),
        lower=f"lower_d{days}",
        upper=f"upper_d{days}",
        backtest="backtest_of_campaigns",
    )
    yield Metric(
        f"predicted_roas_d{days}",
        f"Predicted D{days} ROAS",
        Unit.RATIO,
        f"Net revenue of the first {days} days after install, observed or expected / spend on the "
        "install dates.",
        _CAMPAIGN_SECTION,
        CAMPAIGN_FORECASTS,
        f"revenue_d{days}",
        "spend",
        counts=f"revenue_d{days} IS NOT NULL AND cost_complete",
        base="spend",
        final=f"final_d{days}",
        paid=True,
        predicted=True,
        horizon=days,
        immature=no_forecast + ", and cost must be complete",
        nearest=(f"roas_d{days}",),
        lower=f"lower_d{days}",
        upper=f"upper_d{days}",
        backtest="backtest_of_campaigns",
    )


def _expected_roas(days: int) -> Metric:
    return Metric(
        f"expected_roas_d{days}",
        f"Expected D{days} ROAS",
        Unit.RATIO,
        f"Observed and expected revenue of the first {days} days / spend, of all cohorts of a "
        "campaign together, with their interval.",
        _CAMPAIGN_SECTION,
        OUTLOOKS,
        f"expected_roas_d{days}",
        counts=f"expected_roas_d{days} IS NOT NULL",
        base="spend",
        final="FALSE",
        additive=False,
        predicted=True,
        horizon=days,
        immature="there must be a forecast for its cohorts",
        nearest=(f"predicted_roas_d{days}", f"roas_d{days}"),
        lower=f"expected_roas_d{days}_lower",
        upper=f"expected_roas_d{days}_upper",
        backtest="backtest_of_campaigns",
    )


def _of_customers(days: int) -> Iterator[Metric]:
    metric = partial(
        Metric,
        final="FALSE",
        predicted=True,
        immature="customers without a purchase have no forecast",
        backtest="backtest_of_customers",
    )
    yield metric(
        f"expected_revenue_d{days}",
        f"Expected revenue, {days} days",
        Unit.MONEY,
        f"Net revenue that today's customers are expected to bring in within {days} days after "
        "as_of.",
        _CUSTOMER_SECTION,
        CUSTOMER_FORECASTS,
        f"expected_revenue_d{days}",
        counts=f"expected_revenue_d{days} IS NOT NULL",
    )
    yield metric(
        f"expected_purchases_d{days}",
        f"Expected purchase days, {days} days",
        Unit.COUNT,
        f"Days with a purchase that today's customers are expected to have within {days} days "
        "after as_of.",
        _CUSTOMER_SECTION,
        CUSTOMER_FORECASTS,
        f"expected_purchases_d{days}",
        counts=f"expected_purchases_d{days} IS NOT NULL",
    )
