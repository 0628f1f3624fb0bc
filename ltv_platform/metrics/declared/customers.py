"""Metrics of customers: what they are worth so far, how long they stay, who buys often."""

from collections.abc import Iterator

from ltv_platform.contracts.customers import COHORT_MONTHS
from ltv_platform.metrics.model import Grain, Metric, Relation, Unit

_SECTION = "docs/metrics.md#customers"

_ATTRIBUTES = {
    "country": "country of the registration",
    "segment": "segment given by the source",
    "acquisition_source": "acquisition source of the registration",
}
CUSTOMERS = Relation(
    "customers",
    {**_ATTRIBUTES, "is_active": "1 or 0: whether the source says the customer is active"},
    dated_by="day of registration",
    grains=tuple(Grain),
)
SEGMENTS = Relation(
    "segments",
    {"rfm_segment": "segment by recency and frequency of purchases", **_ATTRIBUTES},
    dated_by="day of registration",
    grains=tuple(Grain),
)
RETENTION = Relation(
    "retention",
    {"activity": "purchase, interaction or any", **_ATTRIBUTES},
    dated_by="month of registration",
    grains=(Grain.MONTH,),
    fixed={"activity": "any"},
    closed={"activity": ("purchase", "interaction", "any")},
)
CUSTOMER_COHORTS = Relation(
    "customer_cohorts",
    _ATTRIBUTES,
    dated_by="month of registration",
    grains=(Grain.MONTH,),
)


def customer_metrics() -> Iterator[Metric]:
    """The metrics of customers."""
    sums = (
        ("customers", "Customers", Unit.COUNT, "Registered customers, buyers or not.", "customers"),
        ("buyers", "Buyers", Unit.COUNT, "Customers with any purchase.", "buyers"),
        ("orders", "Orders", Unit.COUNT, "Orders with a purchase; docs say what one is.", "orders"),
        ("gross_revenue", "Gross revenue", Unit.MONEY, "Purchases so far.", "gross_revenue"),
        ("refunds", "Refunds", Unit.MONEY, "Refunds so far.", "refund_amount"),
        ("total_ltv", "Total LTV", Unit.MONEY, "Purchases minus refunds so far.", "ltv"),
    )
    for name, label, unit, definition, column in sums:
        yield Metric(name, label, unit, definition, _SECTION, CUSTOMERS, column)
    ratios = (
        ("ltv", "LTV", Unit.MONEY, "Purchases minus refunds so far per customer.", "ltv/customers"),
        (
            "avg_order_value",
            "Average order value",
            Unit.MONEY,
            "Purchases minus refunds per order.",
            "ltv/orders",
        ),
        (
            "repeat_share",
            "Repeat share",
            Unit.SHARE,
            "Share of buyers with two or more orders.",
            "repeat_buyers/buyers",
        ),
    )
    for name, label, unit, definition, parts in ratios:
        numerator, _, denominator = parts.partition("/")
        yield Metric(name, label, unit, definition, _SECTION, CUSTOMERS, numerator, denominator)
    yield from _at_equal_age()
    yield from _of_segments()


def _at_equal_age() -> Iterator[Metric]:
    for months in COHORT_MONTHS:
        first = "first month" if months == 1 else f"first {months} months"
        yield Metric(
            f"ltv_m{months}",
            f"M{months} LTV",
            Unit.MONEY,
            f"Net revenue of the {first} of age per customer: cohorts at equal age.",
            _SECTION,
            CUSTOMER_COHORTS,
            "cumulative_revenue",
            "customers",
            counts=f"mature AND age_month = {months - 1}",
            base="CASE WHEN age_month = 0 THEN customers END",
            covered="customers",
            immature=f"the youngest customer must have completed {months} months",
            nearest=("ltv",),
        )
        yield Metric(
            f"retention_m{months}",
            f"M{months} retention",
            Unit.SHARE,
            f"Share of customers active in calendar month {months} after that of registration.",
            _SECTION,
            RETENTION,
            "active_customers",
            "cohort_size",
            counts=f"months = {months}",
            base="CASE WHEN months = 0 THEN cohort_size END",
            covered="cohort_size",
            immature="activity of the whole month must be known",
        )


def _of_segments() -> Iterator[Metric]:
    yield Metric(
        "rfm_customers",
        "Customers by RFM",
        Unit.COUNT,
        "Customers by segment of recency and frequency; Prospects have bought nothing.",
        _SECTION,
        SEGMENTS,
        "customers",
    )
    yield Metric(
        "rfm_frequency",
        "Orders per buyer",
        Unit.RATIO,
        "Orders with a purchase per customer who bought.",
        _SECTION,
        SEGMENTS,
        "CASE WHEN ranked = 1 THEN frequency END",
        "ranked",
    )
    yield Metric(
        "rfm_monetary",
        "Revenue per buyer",
        Unit.MONEY,
        "Net revenue per customer who bought.",
        _SECTION,
        SEGMENTS,
        "CASE WHEN ranked = 1 THEN monetary END",
        "ranked",
    )
    yield Metric(
        "rfm_recency",
        "Days since purchase",
        Unit.DAYS,
        "Days from the last purchase to as_of per customer who bought.",
        _SECTION,
        SEGMENTS,
        "recency_days",
        "ranked",
    )
