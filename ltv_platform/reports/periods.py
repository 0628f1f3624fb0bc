"""Periods with the one before beside them, as far as both are whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from ltv_platform.days import ONE_DAY
from ltv_platform.metrics import Answer, AnswerRow, Cell, known_days
from ltv_platform.reports.shell import View

_MOST_DAYS_OF_A_MONTH = 31


@dataclass(frozen=True)
class Period:
    """The figures of a day, week or month.

    Attributes:
        start: Its first day.
        cells: Its figures by metric.
        before: Those of the period before it; None: there is none, or one of the two is cut.
        is_cut: Whether the filters, or the begin or end of the data, leave out some of its days.
    """

    start: date
    cells: Mapping[str, Cell]
    before: Mapping[str, Cell] | None
    is_cut: bool


def periods_of(view: View, answer: Answer, grain: str) -> list[Period]:
    """The periods of an answer; the filters of the view and the data can cut the outer ones."""
    rows = [row for row in answer.rows if row.period is not None]
    known = known_days(view.known_settings, view.reading, answer.metrics[0])
    first = view.filters.start or (known[0] if known else None)
    return periods(rows, grain, first, view.filters.end or view.snapshot.as_of)


def periods(
    rows: Sequence[AnswerRow], grain: str, first: date | None, last: date | None
) -> list[Period]:
    """Periods with the one before beside them.

    Args:
        rows: An answer by period, in chronological order.
        grain: day, week or month.
        first: First day that counts; None: that of the data.
        last: Last day that counts; None: that of the data.
    """
    found: list[Period] = []
    for row in rows:
        assert row.period is not None
        end = _next(row.period, grain) - ONE_DAY
        is_cut = (first is not None and row.period < first) or (last is not None and end > last)
        found.append(Period(row.period, row.cells, None, is_cut))
    compared = [
        Period(now.start, now.cells, before.cells, now.is_cut)
        if _next(before.start, grain) == now.start and not (now.is_cut or before.is_cut)
        else now
        for before, now in pairwise(found)
    ]
    return found[:1] + compared


def _next(start: date, grain: str) -> date:
    """The first day of the next period."""
    if grain == "month":
        return (start + _MOST_DAYS_OF_A_MONTH * ONE_DAY).replace(day=1)
    return start + (7 if grain == "week" else 1) * ONE_DAY
