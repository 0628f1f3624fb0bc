"""The table of factors that customers with a high lifetime value have in common."""

from ltv_platform.contracts.model import TOTAL, Column, Table

LTV_INFLUENCING_FACTORS = Table(
    layer="marts",
    name="ltv_influencing_factors",
    description=(
        "One row per factor and level, and one for all customers, over customers of 180 days or "
        "more. What do customers with high lifetime value have in common?"
    ),
    key=("factor", "level"),
    columns=(
        Column("factor", "VARCHAR", "country, age_band, …; (all): all customers.", required=True),
        Column(
            "level",
            "VARCHAR",
            "Value of the factor; (unknown): not given; (none): no such event.",
            required=True,
            pii=True,
        ),
        Column("customers", "BIGINT", "Customers mature at 180 days.", required=True),
        Column("payers", "BIGINT", "Customers whose target is above 0.", required=True),
        Column(
            "floored_customers",
            "BIGINT",
            "Customers whose net revenue is below 0 and counts as 0.",
            required=True,
        ),
        Column("avg_ltv", "DOUBLE", "Mean net revenue of days 31 to 180, per customer."),
        Column("median_ltv", TOTAL, "Median net revenue of days 31 to 180, per customer."),
        Column("avg_transactions", "DOUBLE", "Purchases of days 31 to 180 per customer."),
        Column("shrunk_avg_ltv", "DOUBLE", "avg_ltv shrunk towards the mean, small levels most."),
        Column("lift", "DOUBLE", "shrunk_avg_ltv / avg_ltv of (all)."),
        Column(
            "multiplier",
            "DOUBLE",
            "LTV against the factor's average customer, all other factors held equal.",
        ),
        Column("multiplier_lower", "DOUBLE", "Lower end of the multiplier's 95 % interval."),
        Column("multiplier_upper", "DOUBLE", "Upper end."),
        Column("p_value", "DOUBLE", "p-value of a multiplier of 1."),
        Column(
            "p_value_adjusted", "DOUBLE", "p_value adjusted by Benjamini–Hochberg over all levels."
        ),
        Column("significant", "BOOLEAN", "Whether p_value_adjusted is at most 0.05."),
        Column(
            "status",
            "VARCHAR",
            "ok, pooled, one_level, collinear, raw_only, too_few_customers or not_converged.",
            required=True,
        ),
        Column("reason", "VARCHAR", "Why there is no multiplier."),
    ),
)
