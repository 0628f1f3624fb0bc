"""Revenue by the day of the event: what is new, and what comes from customers who return."""

from typing import Any

from ltv_platform.metrics import CannotAnswer
from ltv_platform.reports.charts import new_and_returning
from ltv_platform.reports.pages import CONSTANTS, Reader, drawn
from ltv_platform.reports.periods import periods_of
from ltv_platform.reports.shell import View
from ltv_platform.reports.svg import Chart

_METRICS = ("net_revenue", "new_revenue", "returning_revenue", "new_payers")
#: Unless the address names another.
_GRAIN = "month"


def revenue_chart(reader: Reader) -> Chart:
    """A chart of new and returning revenue of the last weeks."""
    rows = reader.rows("weeks")
    return new_and_returning(
        [
            (row["week"].isoformat(), row["new_revenue"], row["returning_revenue"])
            for row in reversed(rows)
        ]
    )


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
    newest = periods_of(view, answer, grain)[-int(CONSTANTS["most_weeks"]) :]
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
