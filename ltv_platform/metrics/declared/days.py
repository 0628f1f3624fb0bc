"""Metrics of calendar days: what came in and what was spent, whoever it came from."""

from collections.abc import Iterator
from functools import partial

from ltv_platform.metrics.model import Grain, Metric, Relation, Unit

_SECTION = "docs/metrics.md#campaigns-and-countries"

DAYS = Relation(
    "days",
    {
        "campaign": "campaign of the customer, (organic), (unknown), (guest) or (unknown) customer",
        "country": "country of the customer, or (unknown)",
    },
    dated_by="day of the purchase, and of the spend",
    grains=tuple(Grain),
)


def daily_metrics() -> Iterator[Metric]:
    """The metrics of days."""
    metric = partial(
        Metric,
        link=_SECTION,
        relation=DAYS,
        final="nothing_waits",
        immature="purchases that wait for an exchange rate are missing",
    )
    sums = (
        ("net_revenue", "Revenue", Unit.MONEY, "Purchases minus refunds, each on its own day."),
        ("purchases", "Purchases", Unit.COUNT, "Purchase rows, refunds apart."),
        (
            "new_revenue",
            "New revenue",
            Unit.MONEY,
            "Gross purchases of customers on the day of their first purchase.",
        ),
        (
            "returning_revenue",
            "Returning revenue",
            Unit.MONEY,
            "Gross purchases of customers who had bought on an earlier day.",
        ),
        ("new_payers", "New payers", Unit.COUNT, "Customers who bought for the first time."),
    )
    for name, label, unit, definition in sums:
        yield metric(name, label, unit, definition, numerator=name)
    yield metric(
        "revenue_per_spend",
        "Revenue per spend",
        Unit.RATIO,
        "Purchases minus refunds of a period / spend of the same days, though not on the same "
        "customers; roas_d7 is about those.",
        numerator="net_revenue",
        denominator="spend",
        final="nothing_waits AND cost_complete",
        immature="the cost of the newest day is not final until a later cost day is known",
    )
