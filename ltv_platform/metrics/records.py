"""Answers and metrics as plain records, for JSON and CSV."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ltv_platform.metrics.answer import Answer, Cell
from ltv_platform.metrics.model import Metric

#: What a record says about each value.
CELL = (
    *("value", "state", "coverage", "numerator", "denominator"),
    *("lower", "upper", "known_until"),
)


def described(metric: Metric) -> dict[str, Any]:
    """What a metric is."""
    return {
        "name": metric.name,
        "label": metric.label,
        "unit": metric.unit,
        "definition": metric.definition,
        "link": metric.link,
        "dimensions": dict(metric.dimensions),
        "dated_by": metric.relation.dated_by,
        "grains": list(metric.relation.grains),
        "horizon": metric.horizon,
        "predicted": metric.predicted,
        "immature": metric.immature,
    }


def records(answer: Answer, metric: Metric) -> Iterator[dict[str, Any]]:
    """The values of one metric: period (if any), dimensions, and what is known of the value."""
    for row in answer.rows:
        period = {} if row.period is None else {"period": row.period}
        yield {**period, **row.labels, **_cell(row.cells[metric.name])}


def _cell(cell: Cell) -> dict[str, Any]:
    return {name: getattr(cell, name) for name in CELL}


def exact(value: Any) -> str:
    """The digits of a decimal.

    Raises:
        TypeError: the value is not a decimal.
    """
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} cannot be written")
