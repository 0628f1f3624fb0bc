"""Which tables the gates of a new day are about: from the raw log to the ROAS of campaigns."""

#: The step of all other tables and their checks.
OTHERS = "attribution, customers and forecasts"
COUNTED = frozenset(
    (
        "core.customers",
        "core.transactions",
        "core.interactions",
        "core.sessions",
        "core.conversions",
        "core.campaign_spend",
        "core.waiting_for_rate",
        "core.waiting_for_customer",
        "marts.user_revenue",
        "marts.campaign_ltv",
        "marts.campaign_cohort_curve",
        "marts.revenue_reconciliation",
        "marts.daily_revenue",
        "marts.campaign_roas",
        "marts.campaign_summary",
        "marts.country_roas",
    )
)
