"""Campaign tables: cohorts by install date read the events of the days after it."""

from ltv_platform.settings import Settings
from ltv_platform.transforms import Derivation, Window


def campaign_derivations(settings: Settings) -> tuple[Derivation, ...]:
    """The group's wiring; windows follow the configured horizons."""
    # N x 24 hours after an install on day d reach into day d + N; day N of retention, the Nth
    # after the day of install, reaches into day d + N + 1. Where clocks go forward, they may
    # end on the day after.
    hours_by_clock = settings.window == "hours" and settings.timezone != "UTC"
    more = 1 if hours_by_clock else 0
    users = Window(after=max(settings.user_horizons) + more)
    curve = Window(after=max(settings.horizons) + more)
    activity = Window(after=max(settings.horizons) + 1 + more)
    return (
        Derivation("marts.user_revenue", "campaigns", {"core.transactions": users}),
        Derivation(
            "marts.campaign_ltv",
            "campaigns",
            {
                "core.transactions": activity,
                "core.interactions": activity,
                "core.sessions": activity,
            },
        ),
        Derivation("marts.campaign_roas", "campaigns"),
        Derivation("marts.campaign_cohort_curve", "campaigns", {"core.transactions": curve}),
        Derivation("marts.campaign_summary", "campaigns"),
        Derivation("marts.country_roas", "campaigns"),
        Derivation("marts.revenue_reconciliation", "campaigns"),
    )
