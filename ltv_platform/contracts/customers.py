"""Customer tables: what customers are worth, stay for and have in common.

All of them know of events up to as_of and are written whole: one late purchase may concern a
customer of any age.
"""

from ltv_platform.contracts.model import MONEY, Column, Table

_CUSTOMER_ID = Column("customer_id", "VARCHAR", "The customer.", required=True, pii=True)

CUSTOMER_LTV = Table(
    layer="marts",
    name="customer_ltv",
    description=(
        "One row per customer, those without transactions too. What is the customer worth so far?"
    ),
    key=("customer_id",),
    columns=(
        _CUSTOMER_ID,
        Column("registration_date", "TIMESTAMP", "Earliest registration (UTC).", required=True),
        Column("country", "VARCHAR", "Country, or (unknown).", required=True),
        Column("segment", "VARCHAR", "The user's own segment."),
        Column("acquisition_source", "VARCHAR", "How they came."),
        Column("is_active", "BOOLEAN", "Active according to the source."),
        Column("total_transactions", "BIGINT", "Purchases, line by line.", required=True),
        Column("total_orders", "BIGINT", "Distinct orders with a purchase.", required=True),
        Column("total_refunds", "BIGINT", "Refunds, line by line.", required=True),
        Column("gross_revenue", MONEY, "Purchases in base currency.", required=True),
        Column("refund_amount", MONEY, "Refunds in base currency.", required=True),
        Column("ltv", MONEY, "gross_revenue − refund_amount; may be negative.", required=True),
        Column("avg_order_value", "DOUBLE", "ltv / total_orders."),
        Column("first_transaction_date", "TIMESTAMP", "First purchase (UTC)."),
        Column("last_transaction_date", "TIMESTAMP", "Last purchase (UTC)."),
        Column("tenure_days", "INTEGER", "Days from registration to as_of.", required=True),
    ),
)

CUSTOMER_TABLES = (CUSTOMER_LTV,)
