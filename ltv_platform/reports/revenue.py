"""Revenue by the day of the event: what is new, and what comes from customers who return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from ltv_platform.days import ONE_DAY
from ltv_platform.metrics import AnswerRow, CannotAnswer, Cell
from ltv_platform.reports.charts import new_and_returning
from ltv_platform.reports.pages import CONSTANTS, Reader, drawn
from ltv_platform.reports.shell import View
from ltv_platform.reports.svg import Chart

_METRICS = ("net_revenue", "new_revenue", "returning_revenue", "new_payers")
#: Unless the address names another.
_GRAIN = "month"
_MOST_DAYS_OF_A_MONTH = 31


def revenue_chart(reader: Reader) -> Chart:
    """A chart of new and returning revenue of the last weeks."""
    rows = reader.rows("weeks")
    return new_and_returning(
        [
            (row["week"].isoformat(), row["new_revenue"], row["returning_revenue"])
            for row in reversed(rows)
        ]
    )


@dataclass(frozen=True)
class Period:
    """The revenue of a day, week or month.

    Attributes:
        start: Its first day.
        cells: Its figures by metric.
        before: Those of the period before it; None: there is none, or one of the two is cut.
        is_cut: Whether the filters or the end of the data leave out some of its days.
    """

    start: date
    cells: Mapping[str, Cell]
    before: Mapping[str, Cell] | None
    is_cut: bool


def revenue_by_period(view: View) -> dict[str, Any]:
    """What the section of revenue shows: periods, newest first, and their chart.

    Args:
        view: Its country, days and grain count.
    """
    grain = view.filters.grain or _GRAIN
    try:
        answer = view.ask(*_METRICS, grain=grain, where=view.filters.where(("country",)))
    except CannotAnswer:  # nobody of the country has bought
        return {"revenue_grain": grain, "periods": []}
    rows = [row for row in answer.rows if row.period is not None]
    shown = periods(rows, grain, view.filters.start, view.filters.end or view.snapshot.as_of)
    newest = shown[-int(CONSTANTS["most_weeks"]) :]
    return {
        "revenue_grain": grain,
        "revenue_metrics": {metric.name: metric for metric in answer.metrics},
        "periods": newest[::-1],
        "revenue_drawn": drawn(
            new_and_returning(
                [
                    (
                        str(each.start),
                        each.cells["new_revenue"].value or 0,
                        each.cells["returning_revenue"].value or 0,
                    )
                    for each in newest
                ]
            )
        ),
    }


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
