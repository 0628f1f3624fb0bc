"""Revenue by calendar day: what came in, whenever the customers came."""

from ltv_platform.contracts.model import TOTAL, Column, Table

DAILY_REVENUE = Table(
    layer="marts",
    name="daily_revenue",
    description=(
        "One row per event day, campaign and country. What came in, and how much of it from "
        "customers who bought for the first time?"
    ),
    key=("event_date", "campaign_id", "country"),
    columns=(
        Column("event_date", "DATE", "Day of the event in the reporting zone.", required=True),
        Column(
            "campaign_id",
            "VARCHAR",
            "Campaign of the customer, (organic), (unknown), (guest), or (unknown) customer, who "
            "had not installed by that day.",
            required=True,
        ),
        Column("country", "VARCHAR", "Country of the customer, or (unknown).", required=True),
        Column("purchases", "BIGINT", "Purchases.", required=True),
        Column("total_refunds", "BIGINT", "Number of refunds.", required=True),
        Column("gross_revenue", TOTAL, "Gross purchases.", required=True),
        Column("refund_amount", TOTAL, "Refunds paid on that day.", required=True),
        Column("net_revenue", TOTAL, "gross_revenue − refund_amount.", required=True),
        Column(
            "new_revenue",
            TOTAL,
            "Gross purchases of customers on the day of their first purchase.",
            required=True,
        ),
        Column(
            "returning_revenue",
            TOTAL,
            "Gross purchases of customers who had bought on an earlier day. Guests are in neither.",
            required=True,
        ),
        Column(
            "new_payers",
            "BIGINT",
            "Customers who bought for the first time; adds up over days.",
            required=True,
        ),
        Column(
            "payers_of_day",
            "BIGINT",
            "Customers who bought on that day; does not add up over days.",
            required=True,
        ),
        Column(
            "waiting_rows",
            "BIGINT",
            "Purchases and refunds without an exchange rate, which are in no other column.",
            required=True,
        ),
    ),
    partition="event_date",
)
