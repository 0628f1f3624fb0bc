"""Answers: rows of cells with their state, and what an answer rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from ltv_platform.metrics.model import Metric, State, Unit

Number: TypeAlias = int | float | Decimal


@dataclass(frozen=True)
class Cell:
    """One value.

    Attributes:
        value: The figure; None unless it is known.
        numerator: Its upper part; of a sum, the value.
        denominator: Its lower part; None: it has none.
        state: How much of it is known.
        coverage: Share of the base (spend, installs, rows) that it covers, 0 to 1; None: there is
            nothing to cover.
        lower: Lower end of the 80 % interval; None: it has none.
        upper: Upper end.
        known_until: Last day that counts; None: the relation has no days, or nothing counts.
    """

    value: Number | None
    numerator: Number | None
    denominator: Number | None
    state: State
    coverage: float | None = None
    lower: Number | None = None
    upper: Number | None = None
    known_until: date | None = None


@dataclass(frozen=True)
class AnswerRow:
    """The values of one period and group.

    Attributes:
        labels: Values of the dimensions that were grouped by.
        period: First day of the period; None: all days together.
        cells: A cell per metric, by name.
    """

    labels: Mapping[str, str]
    period: date | None
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Answer:
    """What a question gets.

    Attributes:
        metrics: The metrics, in the order of the question.
        rows: By period, then by dimensions.
        as_of: Last day that the data covers.
        snapshot: Name of the snapshot.
        sql: The statements, as they ran.
        parameters: Values of their parameters.
        notes: What a reader must know, in sentences.
        backtests: Past forecasts of predicted metrics, by metric.
    """

    metrics: Sequence[Metric]
    rows: Sequence[AnswerRow]
    as_of: date | None
    snapshot: str
    sql: str
    parameters: Mapping[str, Any]
    notes: Sequence[str]
    backtests: Mapping[str, Sequence[Mapping[str, Any]]]


def cell_of(metric: Metric, parts: Mapping[str, Any]) -> Cell:
    """The cell of one metric from the columns of :func:`compiling.compiled`, without numbers."""
    counted, rows = parts["counted"] or 0, parts["rows"] or 0
    covered, base = parts["covered"], parts["base"]
    nothing = metric.base is not None and not base
    coverage = None
    if metric.base is None:
        coverage = counted / rows if rows else None
    elif not nothing:
        coverage = min(1.0, max(0.0, float(covered or 0) / float(base)))
    value = parts["value"]
    if not counted:
        state = State.NO_DENOMINATOR if nothing or not rows else State.IMMATURE
        return Cell(None, None, None, state, coverage)
    if value is None:
        state = State.OBSERVED if metric.denominator is None else State.NO_DENOMINATOR
    elif metric.predicted and not parts["final"]:
        state = State.PREDICTED
    elif not parts["final"] or (coverage is not None and coverage < 1):
        state = State.PARTIAL
    else:
        state = State.OBSERVED
    return Cell(
        _number(metric, value),
        _plain(parts["numerator"]),
        _plain(parts["denominator"]),
        state,
        coverage,
        _plain(parts["lower"]),
        _plain(parts["upper"]),
        parts["known_until"],
    )


def _number(metric: Metric, value: Number | None) -> Number | None:
    if value is not None and metric.unit in (Unit.COUNT, Unit.DAYS) and value == int(value):
        return int(value)
    return _plain(value)


def _plain(value: Number | None) -> Number | None:
    """Counts come from sums as decimals without decimals."""
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        return int(value)
    return value
