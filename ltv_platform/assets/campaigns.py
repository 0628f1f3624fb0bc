"""Campaign tables: cohorts by install date read the events of the days after it."""

from ltv_platform.forecasting.cohorts.backtest import campaign_forecast_backtest
from ltv_platform.forecasting.cohorts.outlook import campaign_outlook
from ltv_platform.forecasting.cohorts.tables import campaign_ltv_forecast, development_factors
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Derivation, Window

_BACKTEST = "marts.campaign_forecast_backtest"


def campaign_derivations(settings: Settings) -> tuple[Derivation, ...]:
    """The group's wiring; windows follow the configured horizons."""
    longest, users = max(settings.horizons), max(settings.user_horizons)
    # 24 hours are not always a day: clocks are put forward and back.
    shift = 1 if settings.window == "hours" and settings.timezone != "UTC" else 0
    # N x 24 hours after an install on day d reach into day d + N; day N of retention, the Nth
    # after the day of install, reaches into day d + N + 1.
    purchases = Window(after=users + shift)
    activity = Window(after=longest + 1 + shift)
    # An age begins on the partition's day and ends on the next one; if clocks change, it may begin
    # a day later, and end another day later.
    age = Window(after=1 + 2 * shift)
    grown = Window(before=longest - 1)
    return (
        Derivation(
            "marts.user_revenue",
            "campaigns",
            {"core.transactions": purchases, "core.waiting_for_rate": purchases},
            settles=users + 1,
        ),
        Derivation(
            "marts.campaign_ltv",
            "campaigns",
            {
                "core.transactions": activity,
                "core.interactions": activity,
                "core.sessions": activity,
                "core.waiting_for_rate": activity,
            },
            settles=longest + 2,
        ),
        Derivation("marts.campaign_roas", "campaigns", settles=longest + 1),
        Derivation(
            "marts.campaign_cohort_curve",
            "campaigns",
            {"core.customers": grown, "core.transactions": age, "core.waiting_for_rate": age},
            shown=grown,
            settles=2 + shift,
        ),
        Derivation("marts.campaign_summary", "campaigns"),
        Derivation("marts.country_roas", "campaigns"),
        Derivation(_BACKTEST, "campaigns", backtest=_BACKTEST, fit=campaign_forecast_backtest),
        Derivation(
            "marts.campaign_ltv_forecast",
            "campaigns",
            backtest=_BACKTEST,
            fit=campaign_ltv_forecast,
        ),
        Derivation(
            "marts.development_factors", "campaigns", backtest=_BACKTEST, fit=development_factors
        ),
        Derivation("marts.campaign_outlook", "campaigns", backtest=_BACKTEST, fit=campaign_outlook),
        Derivation(
            "marts.revenue_reconciliation", "campaigns", {"core.customers": Window(before=None)}
        ),
        # Whether a customer is new depends on all earlier purchases.
        Derivation(
            "marts.daily_revenue",
            "campaigns",
            {"core.customers": Window(before=None), "core.transactions": Window(before=None)},
        ),
    )
