"""The tables that users bring.

Their columns, rules and keys. Values are read in the same way for all of them (trimming, zones,
numbers): see ``ingestion.rows``.
"""

from ltv_platform.contracts.ddl import literal
from ltv_platform.contracts.model import (
    MONEY,
    Column,
    DayOf,
    DaysFrom,
    Rule,
    SourceTable,
    Watermark,
    WholeTable,
)

#: Buyers without an account: included in period totals, but not a customer.
GUEST = "(guest)"

#: Exchange rates skip weekends and holidays: one serves its own day and this many days after it.
RATE_DAYS = 7

#: End of the name of a file of events: its rows stand alone, in order of receipt. They need not
#: name all columns, the last row of a key counts, and a row of ``campaign_costs`` restates only its
#: own key.
EVENTS_SUFFIX = ".events.ndjson"

_UPDATED_AT = Column(
    "updated_at",
    "TIMESTAMP",
    "When the source last changed the row (UTC); the newest version counts.",
)
_CURRENCY = Column(
    "currency",
    "VARCHAR",
    "ISO 4217 code of the amount; empty: base currency.",
    pattern="[A-Z]{3}",
    pattern_name="an ISO 4217 code such as EUR",
    upper=True,
)
_IS_DELETED = Column(
    "is_deleted",
    "BOOLEAN",
    "The source deleted the row: it no longer counts.",
    default="false",
)
_NOT_NEGATIVE = 0


def _flag(name: str, description: str, *, default: str | None = None) -> Column:
    return Column(name, "BOOLEAN", description, required=default is None, default=default)


def _key(name: str, description: str, *, pii: bool = False) -> Column:
    return Column(name, "VARCHAR", description, required=True, pii=pii)


CUSTOMERS = SourceTable(
    name="customers",
    description="One row per customer: who they are, when they came and how.",
    key=("customer_id",),
    columns=(
        _key("customer_id", "Identifies the customer in every table.", pii=True),
        Column("registration_date", "TIMESTAMP", "Install or registration (UTC).", required=True),
        Column("country", "VARCHAR", "Code or English name (ISO 3166-1)."),
        Column("city", "VARCHAR", "City.", pii=True),
        Column("age", "INTEGER", "Age in years.", minimum=0, maximum=130, pii=True, attribute=True),
        Column("gender", "VARCHAR", "Gender, as given by the source.", pii=True),
        Column("acquisition_source", "VARCHAR", "Acquisition source, such as organic_search."),
        Column("segment", "VARCHAR", "Customer segment from the source, such as premium."),
        Column(
            "is_active",
            "BOOLEAN",
            "Whether the source says the customer is active.",
            attribute=True,
        ),
        Column("campaign_id", "VARCHAR", "The campaign that brought the install."),
        Column("platform", "VARCHAR", "ios, android, web, …"),
        _UPDATED_AT,
    ),
    event_time="registration_date",
    moves_as_of=True,
    # The earliest registration is the install; later ones are not events.
    earliest_counts=True,
    last_line_counts=True,
    person="customer_id",
    rules=(
        Rule(
            f"customer_id = {literal(GUEST)}",
            f"customer_id: {GUEST} is what the platform itself calls buyers without an account; "
            "name the customer otherwise",
        ),
    ),
)

TRANSACTIONS = SourceTable(
    name="transactions",
    description="One row per purchase or refund; amounts are positive, is_refund gives the sign.",
    key=("transaction_id",),
    columns=(
        _key("transaction_id", "Identifies the transaction."),
        Column(
            "customer_id",
            "VARCHAR",
            "Buyer; empty: a guest.",
            default=literal(GUEST),
            present=True,
            pii=True,
        ),
        Column("transaction_date", "TIMESTAMP", "Time of the event (UTC).", required=True),
        Column(
            "amount",
            MONEY,
            "Amount of money, never negative.",
            required=True,
            minimum=_NOT_NEGATIVE,
        ),
        _flag("is_refund", "Whether the amount goes back to the customer.", default="false"),
        Column("order_id", "VARCHAR", "Order id; empty: one order per customer and day."),
        Column("product_category", "VARCHAR", "What was bought."),
        Column("transaction_type", "VARCHAR", "purchase, refund, …", default="'purchase'"),
        Column("payment_method", "VARCHAR", "Payment method."),
        _CURRENCY,
        _IS_DELETED,
        _UPDATED_AT,
    ),
    event_time="transaction_date",
    moves_as_of=True,
    watermark=Watermark("revenue", "Instant up to which revenue is known.", is_instant=True),
    person="customer_id",
    rules=(
        Rule(
            "regexp_replace(lower(transaction_type), '[ _-]', '', 'g') IN ({refund_types}) "
            "AND NOT is_refund",
            "transaction_type: is_refund is 0, but this is not a purchase (LTV_REFUND_TYPES); set "
            "it to 1 if money went back, or leave the row out, as an adapter can",
        ),
    ),
)

CUSTOMER_INTERACTIONS = SourceTable(
    name="customer_interactions",
    description="One row per customer interaction: login, support, feature use.",
    key=("interaction_id",),
    columns=(
        _key("interaction_id", "Identifies the interaction."),
        _key("customer_id", "Who.", pii=True),
        Column("interaction_date", "TIMESTAMP", "When (UTC).", required=True),
        Column("interaction_type", "VARCHAR", "login, support, …", required=True),
        Column("channel", "VARCHAR", "Interaction channel, such as mobile_app."),
        Column(
            "duration_seconds",
            "INTEGER",
            "Length in seconds.",
            minimum=_NOT_NEGATIVE,
            attribute=True,
        ),
        Column(
            "satisfaction_score",
            "INTEGER",
            "1 (bad) to 5 (good).",
            minimum=1,
            maximum=5,
            attribute=True,
        ),
        _UPDATED_AT,
    ),
    event_time="interaction_date",
    moves_as_of=True,
    watermark=Watermark("interaction", "First day whose interactions may still grow."),
    person="customer_id",
)

SESSION_SOURCES = SourceTable(
    name="session_sources",
    description="One row per ad session: which channel brought which user, and when.",
    key=("session_id",),
    columns=(
        _key("session_id", "Identifies the session."),
        _key("user_id", "The customer.", pii=True),
        Column("channel_name", "VARCHAR", "Marketing channel.", required=True),
        Column("event_date", "DATE", "Day of the session.", required=True),
        Column("event_time", "TIME", "Time of day of the session.", required=True),
        _flag("holder_engagement", "The session shows holding engagement."),
        _flag("closer_engagement", "The session shows closing engagement."),
        _flag("impression_interaction", "Impression only, no click.", default="false"),
        _IS_DELETED,
    ),
    event_time="session_ts",
    moves_as_of=True,
    watermark=Watermark("session", "First day whose sessions may still grow."),
    person="user_id",
    computed=(
        (
            Column("session_ts", "TIMESTAMP", "event_date + event_time (UTC).", required=True),
            "event_date + event_time",
        ),
    ),
    rules=(
        Rule(
            "lower(channel_name) IN ('(not attributed)', '(pending)')",
            "channel_name: (not attributed) and (pending) are what the platform itself calls "
            "conversions without a channel; name the channel otherwise",
        ),
    ),
)

CONVERSIONS = SourceTable(
    name="conversions",
    description="One row per conversion with its revenue in base currency.",
    key=("conv_id",),
    columns=(
        _key("conv_id", "Identifies the conversion."),
        _key("user_id", "The customer.", pii=True),
        Column("conv_date", "DATE", "Day of the conversion.", required=True),
        Column("conv_time", "TIME", "Time of day of the conversion.", required=True),
        Column("revenue", MONEY, "Base currency.", required=True, minimum=_NOT_NEGATIVE),
    ),
    event_time="conversion_ts",
    moves_as_of=True,
    watermark=Watermark("conversion", "First day whose conversions may still grow."),
    person="user_id",
    computed=(
        (
            Column("conversion_ts", "TIMESTAMP", "conv_date + conv_time (UTC).", required=True),
            "conv_date + conv_time",
        ),
    ),
)

SESSION_COSTS = SourceTable(
    name="session_costs",
    description="One row per session that cost money, in base currency.",
    key=("session_id",),
    columns=(
        _key("session_id", "The session."),
        Column(
            "cost", MONEY, "Cost in base currency; empty: 0; below 0: a correction.", default="0"
        ),
    ),
    touches=DayOf(SESSION_SOURCES),
    person_source="session_sources",
)

CAMPAIGN_COSTS = SourceTable(
    name="campaign_costs",
    description="Ad spend per source, campaign, day and country; rows of one load with the same "
    "key add up.",
    key=("spend_source", "campaign_id", "date", "country"),
    columns=(
        _key("campaign_id", "The campaign."),
        Column("date", "DATE", "Day in the reporting zone.", required=True),
        Column("country", "VARCHAR", "Country; empty: all countries of that day's installs."),
        Column("cost", MONEY, "Money spent; below 0: a correction, which is added.", required=True),
        _CURRENCY,
        Column("impressions", "BIGINT", "Times shown.", minimum=_NOT_NEGATIVE, attribute=True),
        Column("clicks", "BIGINT", "Clicks.", minimum=_NOT_NEGATIVE, attribute=True),
        Column(
            "spend_source",
            "VARCHAR",
            "Source of the figures, such as google_ads; empty: the adapter's name.",
        ),
    ),
    event_time="date",
    moves_as_of=True,
    watermark=Watermark("cost", "First day whose campaign cost may still grow."),
    rules=(
        Rule(
            "campaign_id IN ('(organic)', '(unknown)')",
            "campaign_id: (organic) and (unknown) are customers without a campaign; spend has one",
        ),
    ),
    replaces=("spend_source", "campaign_id", "date"),
)

CAMPAIGNS = SourceTable(
    name="campaigns",
    description="One row per campaign: names and groupings. Optional.",
    key=("campaign_id",),
    columns=(
        _key("campaign_id", "The campaign."),
        Column("campaign_name", "VARCHAR", "Name of the campaign."),
        Column("media_source", "VARCHAR", "Ad network."),
        Column("platform", "VARCHAR", "ios, android, web, …"),
        Column("objective", "VARCHAR", "Campaign goal or type, as the source gives it."),
    ),
    last_line_counts=True,
    touches=WholeTable(),
)

FX_RATES = SourceTable(
    name="fx_rates",
    description="One row per day and currency: units of base currency per unit of that currency.",
    key=("date", "currency"),
    columns=(
        Column("date", "DATE", "Day of the rate.", required=True),
        Column(
            "currency",
            "VARCHAR",
            "ISO 4217 code.",
            required=True,
            pattern="[A-Z]{3}",
            pattern_name="an ISO 4217 code such as EUR",
            upper=True,
        ),
        Column(
            "rate",
            "DECIMAL(18,8)",
            "Units of base currency per unit of currency.",
            required=True,
            minimum=0,
            exclusive=True,
        ),
    ),
    event_time="date",
    touches=DaysFrom(after=RATE_DAYS),
)

SOURCES = (
    CUSTOMERS,
    TRANSACTIONS,
    CUSTOMER_INTERACTIONS,
    SESSION_SOURCES,
    CONVERSIONS,
    SESSION_COSTS,
    CAMPAIGN_COSTS,
    CAMPAIGNS,
    FX_RATES,
)

#: Source tables that a database must have all of, or none.
TOGETHER = (("session_sources", "conversions", "session_costs"),)
