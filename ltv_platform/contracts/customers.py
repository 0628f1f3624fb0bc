"""Customer tables: LTV, retention, segments and factors.

All of them include events up to as_of and are written whole: one late purchase may concern a
customer of any age.
"""

from ltv_platform.contracts.model import TOTAL, Column, Table

#: Ages in months at which cohorts are compared.
COHORT_MONTHS = (1, 3, 6, 12)

_CUSTOMER_ID = Column("customer_id", "VARCHAR", "The customer.", required=True, pii=True)
_COHORT_MONTH = Column(
    "cohort_month",
    "DATE",
    "Month of registration in the reporting zone: its first day.",
    required=True,
)
_CUSTOMERS = Column("customers", "BIGINT", "Customers of the cohort.", required=True)
_SEGMENT = "Segment by recency and frequency; Prospects have bought nothing."
_STATUS = (
    "ok, or small_base: fewer than 20 customers bought anything, so scores compare few customers."
)

CUSTOMER_LTV = Table(
    layer="marts",
    name="customer_ltv",
    description=(
        "One row per customer, including those without transactions. What is the customer worth "
        "so far?"
    ),
    key=("customer_id",),
    columns=(
        _CUSTOMER_ID,
        Column("registration_date", "TIMESTAMP", "Earliest registration (UTC).", required=True),
        Column("country", "VARCHAR", "Country, or (unknown).", required=True),
        Column("segment", "VARCHAR", "Customer segment from the source."),
        Column("acquisition_source", "VARCHAR", "Acquisition source."),
        Column("is_active", "BOOLEAN", "Whether the source says the customer is active."),
        Column("total_transactions", "BIGINT", "Number of purchase rows.", required=True),
        Column(
            "total_orders",
            "BIGINT",
            "Distinct orders with a purchase; purchases without order_id count one order per day.",
            required=True,
        ),
        Column("total_refunds", "BIGINT", "Number of refund rows.", required=True),
        Column("gross_revenue", TOTAL, "Sum of purchases in base currency.", required=True),
        Column("refund_amount", TOTAL, "Sum of refunds in base currency.", required=True),
        Column("ltv", TOTAL, "gross_revenue − refund_amount; may be negative.", required=True),
        Column("avg_order_value", "DOUBLE", "ltv / total_orders."),
        Column("first_transaction_date", "TIMESTAMP", "Time of the first purchase (UTC)."),
        Column("last_transaction_date", "TIMESTAMP", "Time of the last purchase (UTC)."),
        Column("tenure_days", "INTEGER", "Days from registration to as_of.", required=True),
    ),
)

_ATTRIBUTES = (
    Column("country", "VARCHAR", "Country, or (unknown).", required=True),
    Column("segment", "VARCHAR", "Customer segment from the source."),
    Column("acquisition_source", "VARCHAR", "Acquisition source."),
)
_AGE_MONTH = Column(
    "age_month",
    "INTEGER",
    "Full months since each customer's registration; 0 is the first month.",
    required=True,
)

CUSTOMER_COHORT_SUMS = Table(
    layer="marts",
    name="customer_cohort_sums",
    description=(
        "One row per month of registration, country, segment, acquisition source and month of age "
        "with anything to add up. What did any choice of these customers bring in, at which age?"
    ),
    key=("cohort_month", "country", "segment", "acquisition_source", "age_month"),
    columns=(
        _COHORT_MONTH,
        *_ATTRIBUTES,
        _AGE_MONTH,
        Column("customers", "BIGINT", "Customers; only at age 0.", required=True),
        Column("oldest", "DATE", "Earliest of their days of registration; only at age 0."),
        Column("youngest", "DATE", "Latest of these days; only at age 0."),
        Column(
            "purchasing_customers",
            "BIGINT",
            "Customers with a purchase in that month of age.",
            required=True,
        ),
        Column("revenue", TOTAL, "Net revenue in that month of age.", required=True),
        Column("refunds", TOTAL, "Refunds in that month of age.", required=True),
        Column("waiting_rows", "BIGINT", "Transactions waiting for a rate.", required=True),
    ),
)

CUSTOMER_COHORT_CURVE = Table(
    layer="marts",
    name="customer_cohort_curve",
    description=(
        "One row per month of registration and month of age reached by at least one of its "
        "customers. How does a cohort's revenue grow with the age of its customers?"
    ),
    key=("cohort_month", "age_month"),
    columns=(
        _COHORT_MONTH,
        _AGE_MONTH,
        _CUSTOMERS,
        Column(
            "purchasing_customers",
            "BIGINT",
            "Customers with a purchase in that month of age.",
            required=True,
        ),
        Column("revenue", TOTAL, "Net revenue in that month of age.", required=True),
        Column("refunds", TOTAL, "Refunds in that month of age.", required=True),
        Column(
            "cumulative_revenue",
            TOTAL,
            "Net revenue up to the end of that month of age.",
            required=True,
        ),
        Column(
            "cumulative_ltv_per_customer",
            "DOUBLE",
            "cumulative_revenue / customers; NULL: immature.",
        ),
        Column(
            "mature",
            "BOOLEAN",
            "Whether every customer has completed that month of age.",
            required=True,
        ),
    ),
)

LTV_BY_COHORT = Table(
    layer="marts",
    name="ltv_by_cohort",
    description=(
        "One row per month of registration. "
        "Are the customers of a month worth more than those of another, at the same age?"
    ),
    key=("cohort_month",),
    columns=(
        _COHORT_MONTH,
        _CUSTOMERS,
        Column("purchasing_customers", "BIGINT", "Customers with any purchase.", required=True),
        Column("total_ltv", TOTAL, "Sum of their ltv so far.", required=True),
        Column("avg_ltv", "DOUBLE", "total_ltv / customers, buyers or not."),
        Column("median_ltv", "DOUBLE", "Median ltv of all customers."),
        Column("total_transactions", "BIGINT", "Number of purchase rows.", required=True),
        Column("avg_transactions", "DOUBLE", "total_transactions / customers."),
        *(
            column
            for months in COHORT_MONTHS
            for column in (
                Column(
                    f"total_ltv_m{months}",
                    TOTAL,
                    f"Net revenue up to an age of {months} months; NULL: the youngest customer is "
                    "younger.",
                ),
                Column(f"avg_ltv_m{months}", "DOUBLE", f"total_ltv_m{months} / customers."),
            )
        ),
    ),
)

_ACTIVITY = Column(
    "activity",
    "VARCHAR",
    "purchase, interaction, or any: one of these or a session. A refund is not activity.",
    required=True,
)
_MONTHS_SINCE_REGISTRATION = Column(
    "months_since_registration",
    "INTEGER",
    "Calendar months since the month of registration, which is 0.",
    required=True,
)

CUSTOMER_RETENTION_SUMS = Table(
    layer="marts",
    name="customer_retention_sums",
    description=(
        "One row per month of registration, country, segment, acquisition source, kind of activity "
        "and month with anything to add up. How many of any choice of these customers were active "
        "when, and for the last time when?"
    ),
    key=(
        "cohort_month",
        "country",
        "segment",
        "acquisition_source",
        "activity",
        "months_since_registration",
    ),
    columns=(
        _COHORT_MONTH,
        *_ATTRIBUTES,
        _ACTIVITY,
        _MONTHS_SINCE_REGISTRATION,
        Column("customers", "BIGINT", "Customers; only in month 0.", required=True),
        Column("active_customers", "BIGINT", "Customers active in that month.", required=True),
        Column(
            "last_active_customers",
            "BIGINT",
            "Customers active in that month and in no later one, up to as_of.",
            required=True,
        ),
    ),
)

CUSTOMER_RETENTION = Table(
    layer="marts",
    name="customer_retention",
    description=(
        "One row per month of registration, kind of activity and completed month since. How many "
        "of a cohort's customers are still active?"
    ),
    key=("cohort_month", "activity", "months_since_registration"),
    columns=(
        _COHORT_MONTH,
        _ACTIVITY,
        _MONTHS_SINCE_REGISTRATION,
        Column("cohort_size", "BIGINT", "Customers of the cohort.", required=True),
        Column("active_customers", "BIGINT", "Customers active in that month.", required=True),
        Column("retention_bounded", "DOUBLE", "active_customers / cohort_size."),
        Column(
            "active_or_later_customers",
            "BIGINT",
            "Customers active in that month or any later one, up to as_of.",
            required=True,
        ),
        Column("retention_unbounded", "DOUBLE", "active_or_later_customers / cohort_size."),
        Column(
            "censored",
            "BOOLEAN",
            "Whether it is one of the last three months, where retention_unbounded is too low "
            "because few later months are known.",
            required=True,
        ),
    ),
)

RFM_SEGMENTS = Table(
    layer="marts",
    name="rfm_segments",
    description=(
        "One row per customer, including those without transactions. "
        "Who bought recently, often and a lot, compared with other customers?"
    ),
    key=("customer_id",),
    columns=(
        _CUSTOMER_ID,
        Column(
            "recency_days", "INTEGER", "Days from the last purchase to as_of; NULL: no purchase."
        ),
        Column("frequency", "BIGINT", "Distinct orders with a purchase.", required=True),
        Column("monetary", TOTAL, "Net revenue; may be negative.", required=True),
        Column("r_score", "INTEGER", "1 (long ago) to 5 (recent); NULL: nothing bought."),
        Column("f_score", "INTEGER", "1 (rarely) to 5 (often); NULL: nothing bought."),
        Column("m_score", "INTEGER", "1 (little) to 5 (a lot); NULL: nothing bought."),
        Column("segment", "VARCHAR", _SEGMENT, required=True),
        Column("status", "VARCHAR", _STATUS, required=True),
    ),
)

RFM_MIGRATION = Table(
    layer="marts",
    name="rfm_migration",
    description=(
        "One row per earlier segment and current segment. Where did the customers of a segment "
        "go, and what are they worth?"
    ),
    key=("from_segment", "to_segment"),
    columns=(
        Column(
            "from_segment",
            "VARCHAR",
            "Segment as of from_date; (new): registered since then.",
            required=True,
        ),
        Column("to_segment", "VARCHAR", "Segment as of to_date.", required=True),
        Column("from_date", "DATE", "LTV_MIGRATION_DAYS before to_date.", required=True),
        Column("to_date", "DATE", "as_of.", required=True),
        Column("customers", "BIGINT", "Customers who made this move.", required=True),
        Column("monetary", TOTAL, "Their net revenue as of to_date.", required=True),
        Column(
            "status",
            "VARCHAR",
            _STATUS.replace("customers", "customers on either day", 1),
            required=True,
        ),
    ),
)

CUSTOMER_TABLES = (
    CUSTOMER_LTV,
    CUSTOMER_COHORT_SUMS,
    CUSTOMER_COHORT_CURVE,
    LTV_BY_COHORT,
    CUSTOMER_RETENTION_SUMS,
    CUSTOMER_RETENTION,
    RFM_SEGMENTS,
    RFM_MIGRATION,
)
