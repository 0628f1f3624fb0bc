"""Attribution tables: journeys, the credit that models give their sessions, channel figures.

Stored columns are sums; the presentation SELECT adds ratios, and whether a row can still change.
"""

from ltv_platform.contracts.model import CREDIT, MONEY, TOTAL, Column, Table

_CONV_ID = Column("conv_id", "VARCHAR", "The conversion.", required=True)
_SESSION_ID = Column("session_id", "VARCHAR", "The session.", required=True)
_CONVERSION_DATE = Column(
    "conversion_date", "DATE", "Day of the conversion in the reporting zone.", required=True
)
_CHANNEL = Column("channel_name", "VARCHAR", "Marketing channel.", required=True)
_REPORTED_CHANNEL = Column(
    "channel_name", "VARCHAR", "Marketing channel, (not attributed) or (pending).", required=True
)
_IHC = Column("ihc", CREDIT, "Share of the conversion; sums to 1 over its sessions.", required=True)
_ENGINE = Column(
    "engine",
    "VARCHAR",
    "What computed the credit: sql, api (the IHC API), local (its open approximation) or none.",
    required=True,
)
_PARAMS_HASH = Column(
    "params_hash", "VARCHAR", "Hash of the journey and model parameters.", required=True
)
_COST = Column(
    "cost", TOTAL, "Cost of all sessions of that channel and day, each counted once.", required=True
)

CUSTOMER_JOURNEYS = Table(
    layer="marts",
    name="customer_journeys",
    description=(
        "One row per conversion and session of its journey. What led to the conversion, in what "
        "order?"
    ),
    key=("conv_id", "session_id"),
    columns=(
        _CONV_ID,
        _SESSION_ID,
        _CONVERSION_DATE,
        Column("conversion_ts", "TIMESTAMP", "Time of the conversion (UTC).", required=True),
        Column("position", "INTEGER", "1 = earliest; ties by session_id.", required=True),
        Column("sessions_in_journey", "INTEGER", "Length of the journey.", required=True),
        Column("session_ts", "TIMESTAMP", "Time of the session (UTC).", required=True),
        Column("session_date", "DATE", "Day of the session in the reporting zone.", required=True),
        _CHANNEL,
        Column("holder_engagement", "BOOLEAN", "Shows holding engagement.", required=True),
        Column("closer_engagement", "BOOLEAN", "Shows closing engagement.", required=True),
        Column("impression_interaction", "BOOLEAN", "Impression only.", required=True),
        Column(
            "seconds_to_conversion",
            "DOUBLE",
            "Seconds from session to conversion.",
            required=True,
        ),
        Column(
            "seconds_to_last",
            "DOUBLE",
            "Seconds from session to the last session of the journey.",
            required=True,
        ),
        Column(
            "seconds_since_previous",
            "DOUBLE",
            "Seconds since the previous session; NULL: this is the first.",
        ),
        Column("revenue", MONEY, "Revenue of the conversion, in base currency.", required=True),
    ),
    partition="conversion_date",
)

IHC_ATTRIBUTION = Table(
    layer="marts",
    name="ihc_attribution",
    description=(
        "One row per conversion and session that IHC scored. Who initiated, held and closed the "
        "conversion?"
    ),
    key=("conv_id", "session_id"),
    columns=(
        _CONV_ID,
        _SESSION_ID,
        _CONVERSION_DATE,
        Column("initializer", CREDIT, "Share of the initializer phase.", required=True),
        Column("holder", CREDIT, "Share of the holder phase.", required=True),
        Column("closer", CREDIT, "Share of the closer phase.", required=True),
        _IHC,
        _ENGINE,
        Column("preset", "VARCHAR", "Parameters of the local engine; NULL: the API's own."),
        _PARAMS_HASH,
    ),
    partition="conversion_date",
)

ATTRIBUTION_CUSTOMER_JOURNEY = Table(
    layer="marts",
    name="attribution_customer_journey",
    description="One row per conversion and session that IHC scored. What did the session earn?",
    key=("conv_id", "session_id"),
    columns=(_CONV_ID, _SESSION_ID, _CONVERSION_DATE, _IHC),
    presented=(_CONV_ID, _SESSION_ID, _IHC),
    partition="conversion_date",
)

_ATTRIBUTION = (
    Column(
        "model",
        "VARCHAR",
        "first, last, last_non_direct, linear, position, time_decay, markov_path, shapley or ihc.",
        required=True,
    ),
    _CONV_ID,
    Column(
        "session_id",
        "VARCHAR",
        "The session; NULL: the conversion has no session, or no score yet.",
    ),
    _CONVERSION_DATE,
    Column(
        "session_date",
        "DATE",
        "Day of the session, or of the conversion if it has no session.",
        required=True,
    ),
    _REPORTED_CHANNEL,
    Column("credit", CREDIT, "Share of the conversion; sums to 1 over its rows.", required=True),
    Column("revenue", MONEY, "That share of its revenue, in base currency.", required=True),
    _ENGINE,
    _PARAMS_HASH,
)

ATTRIBUTION = Table(
    layer="marts",
    name="attribution",
    description=(
        "One row per model, conversion and session, or conversion without sessions. Which session "
        "earned how much of which conversion?"
    ),
    key=("model", "conv_id", "session_id"),
    columns=(
        *_ATTRIBUTION,
        Column("position", "INTEGER", "Position of the session in its journey; NULL: no session."),
    ),
    presented=_ATTRIBUTION,
    partition="conversion_date",
)

MARKOV_CHANNELS = Table(
    layer="marts",
    name="markov_channels",
    description=(
        "One row per order of the Markov chain and channel. How many conversions would be lost "
        "without the channel?"
    ),
    key=("markov_order", "channel_name"),
    columns=(
        Column("markov_order", "INTEGER", "Number of sessions the chain remembers.", required=True),
        _CHANNEL,
        Column(
            "removal_effect",
            "DOUBLE",
            "Share of the chain's conversions lost when the channel leads nowhere.",
            required=True,
        ),
        Column(
            "share", "DOUBLE", "removal_effect / sum of all removal effects; NULL: that sum is 0."
        ),
        Column("conversions", "DOUBLE", "share × conversions with a journey."),
        Column(
            "revenue", TOTAL, "share × revenue of conversions with a journey, in base currency."
        ),
    ),
)

_REPORT_KEY = (
    _REPORTED_CHANNEL,
    Column("date", "DATE", "Day of the session in the reporting zone.", required=True),
)
_REPORT_SUMS = (
    _COST,
    Column("ihc", CREDIT, "Conversions credited, by IHC.", required=True),
    Column("ihc_revenue", TOTAL, "Revenue credited, in base currency.", required=True),
)
_COMPLETE = Column(
    "complete", "BOOLEAN", "The row can no longer change, except through late data.", required=True
)

CHANNEL_REPORTING = Table(
    layer="marts",
    name="channel_reporting",
    description="One row per channel and day of the session. Does the channel earn its cost?",
    key=("channel_name", "date"),
    columns=(
        *_REPORT_KEY,
        *_REPORT_SUMS,
        Column(
            "conversions_known",
            "BOOLEAN",
            "Conversions are known from that day on, and every conversion that can reach it is "
            "scored.",
            required=True,
        ),
    ),
    presented=(
        *_REPORT_KEY,
        *_REPORT_SUMS,
        Column("CPO", "DOUBLE", "Cost per order: cost / ihc."),
        Column("ROAS", "DOUBLE", "Return on ad spend: ihc_revenue / cost."),
        _COMPLETE,
    ),
    partition="date",
)

_PERIOD_KEY = (
    _REPORTED_CHANNEL,
    Column("date", "DATE", "Day of the conversion, and of the cost.", required=True),
)

CHANNEL_REPORTING_BY_CONVERSION_DATE = Table(
    layer="marts",
    name="channel_reporting_by_conversion_date",
    description=(
        "One row per channel and calendar day. What came in on the day, and what was spent?"
    ),
    key=("channel_name", "date"),
    columns=(*_PERIOD_KEY, *_REPORT_SUMS),
    presented=(
        *_PERIOD_KEY,
        *_REPORT_SUMS,
        Column(
            "period_cpo", "DOUBLE", "cost / ihc of the same day, though not of the same customers."
        ),
        Column("period_roas", "DOUBLE", "ihc_revenue / cost of the same day."),
    ),
    partition="date",
)

CHANNEL_MODEL_COMPARISON = Table(
    layer="marts",
    name="channel_model_comparison",
    description=(
        "One row per model, channel and day of the session. How much do the models disagree?"
    ),
    key=("model", "channel_name", "date"),
    columns=(
        _ATTRIBUTION[0],
        *_REPORT_KEY,
        _COST,
        Column("credit", CREDIT, "Conversions credited by that model.", required=True),
        Column("credited_revenue", TOTAL, "Revenue credited, in base currency.", required=True),
        Column("cpo", "DOUBLE", "cost / credit."),
        Column("roas", "DOUBLE", "credited_revenue / cost."),
        Column(
            "disagreement",
            "DOUBLE",
            "For that channel and day: (largest − smallest credit of any model except "
            "markov_path) / mean credit. NULL: no credit, or a conversion that reaches the day "
            "has no score yet.",
        ),
        Column(
            "complete",
            "BOOLEAN",
            "The row can no longer change, except through late data; always false for markov_path.",
            required=True,
        ),
    ),
)

ATTRIBUTION_TABLES = (
    CUSTOMER_JOURNEYS,
    IHC_ATTRIBUTION,
    ATTRIBUTION_CUSTOMER_JOURNEY,
    ATTRIBUTION,
    MARKOV_CHANNELS,
    CHANNEL_REPORTING,
    CHANNEL_REPORTING_BY_CONVERSION_DATE,
    CHANNEL_MODEL_COMPARISON,
)
