"""Core tables: the sources typed, one row per key, in base currency and in UTC."""

from ltv_platform.contracts.model import MONEY, TOTAL, Column, Table

_CUSTOMER_ID = Column("customer_id", "VARCHAR", "The customer.", required=True, pii=True)
_USER_ID = Column("user_id", "VARCHAR", "The customer.", required=True, pii=True)
_EVENT_TS = Column("event_ts", "TIMESTAMP", "Time of the event (UTC).", required=True)
_EVENT_DATE = Column("event_date", "DATE", "Day of the event in the reporting zone.", required=True)

CUSTOMERS = Table(
    layer="core",
    name="customers",
    description="One row per customer. Who are they, when did they install, and through which "
    "campaign?",
    key=("customer_id",),
    columns=(
        _CUSTOMER_ID,
        Column("install_ts", "TIMESTAMP", "Earliest registration (UTC).", required=True),
        Column("install_date", "DATE", "Day of the install in the reporting zone.", required=True),
        Column(
            "campaign_id",
            "VARCHAR",
            "Campaign of the earliest registration, or (organic) or (unknown).",
            required=True,
        ),
        Column("country", "VARCHAR", "Country of the install, or (unknown).", required=True),
        Column("city", "VARCHAR", "City.", pii=True),
        Column("age", "INTEGER", "Age in years.", pii=True),
        Column("gender", "VARCHAR", "Gender.", pii=True),
        Column(
            "acquisition_source", "VARCHAR", "Acquisition source, from the earliest registration."
        ),
        Column("segment", "VARCHAR", "Customer segment from the source."),
        Column("is_active", "BOOLEAN", "Whether the source says the customer is active."),
        Column("platform", "VARCHAR", "ios, android, web, …"),
    ),
    partition="install_date",
)

TRANSACTIONS = Table(
    layer="core",
    name="transactions",
    description="One row per transaction. What was bought or refunded, in base currency?",
    key=("transaction_id",),
    columns=(
        Column("transaction_id", "VARCHAR", "The transaction.", required=True),
        _CUSTOMER_ID,
        _EVENT_TS,
        _EVENT_DATE,
        Column("amount", MONEY, "Base currency, never negative.", required=True),
        Column(
            "is_refund", "BOOLEAN", "Whether the amount goes back to the customer.", required=True
        ),
        Column("order_id", "VARCHAR", "Order id, if the source has orders."),
        Column("product_category", "VARCHAR", "What was bought."),
        Column("transaction_type", "VARCHAR", "purchase, refund, …", required=True),
        Column("payment_method", "VARCHAR", "Payment method."),
        Column("source_amount", MONEY, "The amount in its original currency.", required=True),
        Column("source_currency", "VARCHAR", "Its currency.", required=True),
    ),
    partition="event_date",
)

INTERACTIONS = Table(
    layer="core",
    name="interactions",
    description="One row per interaction. When and how was the customer in contact?",
    key=("interaction_id",),
    columns=(
        Column("interaction_id", "VARCHAR", "The interaction.", required=True),
        _CUSTOMER_ID,
        _EVENT_TS,
        _EVENT_DATE,
        Column("interaction_type", "VARCHAR", "login, support, …", required=True),
        Column("channel", "VARCHAR", "Interaction channel, such as mobile_app."),
        Column("duration_seconds", "INTEGER", "Length in seconds."),
        Column("satisfaction_score", "INTEGER", "1 (bad) to 5 (good)."),
    ),
    partition="event_date",
)

SESSIONS = Table(
    layer="core",
    name="sessions",
    description="One row per session. Which channel brought whom, when, and at what cost?",
    key=("session_id",),
    columns=(
        Column("session_id", "VARCHAR", "The session.", required=True),
        _USER_ID,
        Column("channel_name", "VARCHAR", "Marketing channel.", required=True),
        _EVENT_TS,
        _EVENT_DATE,
        Column("holder_engagement", "BOOLEAN", "Shows holding engagement.", required=True),
        Column("closer_engagement", "BOOLEAN", "Shows closing engagement.", required=True),
        Column("impression_interaction", "BOOLEAN", "Impression only.", required=True),
        Column("cost", MONEY, "Cost in base currency; 0 if unknown.", required=True),
    ),
    partition="event_date",
)

CONVERSIONS = Table(
    layer="core",
    name="conversions",
    description="One row per conversion. Who converted, when, and for how much?",
    key=("conv_id",),
    columns=(
        Column("conv_id", "VARCHAR", "The conversion.", required=True),
        _USER_ID,
        _EVENT_TS,
        _EVENT_DATE,
        Column("revenue", MONEY, "Base currency.", required=True),
    ),
    partition="event_date",
)

CAMPAIGN_SPEND = Table(
    layer="core",
    name="campaign_spend",
    description="One row per campaign, day and country. What was spent, in base currency?",
    key=("campaign_id", "date", "country"),
    columns=(
        Column("campaign_id", "VARCHAR", "The campaign.", required=True),
        Column("date", "DATE", "Day in the reporting zone.", required=True),
        Column("country", "VARCHAR", "Country; NULL: not given, later allocated by installs."),
        Column("spend", TOTAL, "Base currency.", required=True),
        Column("impressions", "BIGINT", "Times shown."),
        Column("clicks", "BIGINT", "Clicks."),
    ),
    partition="date",
)

WAITING_FOR_RATE = Table(
    layer="core",
    name="waiting_for_rate",
    description=(
        "One row per feed, day, currency and campaign or customer with rows that lack an exchange "
        "rate from the last 7 days. What is missing from the figures for lack of a rate?"
    ),
    key=("table_name", "event_date", "currency", "owner"),
    columns=(
        Column("table_name", "VARCHAR", "transactions or campaign_costs.", required=True),
        Column("event_date", "DATE", "Day in the reporting zone.", required=True),
        Column("currency", "VARCHAR", "The currency without a rate.", required=True),
        Column(
            "owner",
            "VARCHAR",
            "The customer of transactions, the campaign of costs.",
            required=True,
            pii=True,
        ),
        Column("event_ts", "TIMESTAMP", "Time of the first of them (UTC); NULL for costs."),
        Column("last_event_ts", "TIMESTAMP", "Time of the last of them (UTC); NULL for costs."),
        Column("waiting_rows", "BIGINT", "Waiting rows.", required=True),
        Column("gross_amount", TOTAL, "Sum in that currency, without refunds.", required=True),
        Column("refund_amount", TOTAL, "Sum of refunds in that currency.", required=True),
    ),
    partition="event_date",
)

_WAITING_FOR_CUSTOMER = (
    Column(
        "table_name",
        "VARCHAR",
        "transactions, interactions, sessions or conversions.",
        required=True,
    ),
    _EVENT_DATE,
    _CUSTOMER_ID,
    Column("waiting_rows", "BIGINT", "Waiting rows.", required=True),
    Column("gross_amount", TOTAL, "Purchases among them; NULL: none."),
    Column("refund_amount", TOTAL, "Refunds among them; NULL: none."),
)

WAITING_FOR_CUSTOMER = Table(
    layer="core",
    name="waiting_for_customer",
    description=(
        "One row per feed, day and customer with rows but no row in customers. What is not in any "
        "cohort yet?"
    ),
    key=("table_name", "event_date", "customer_id"),
    columns=_WAITING_FOR_CUSTOMER,
    presented=_WAITING_FOR_CUSTOMER,
    partition="event_date",
)

CORE_TABLES = (
    CUSTOMERS,
    TRANSACTIONS,
    INTERACTIONS,
    SESSIONS,
    CONVERSIONS,
    CAMPAIGN_SPEND,
    WAITING_FOR_RATE,
    WAITING_FOR_CUSTOMER,
)
