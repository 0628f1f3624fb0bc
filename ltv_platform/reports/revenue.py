"""Revenue by the day of the event: what is new, and what comes from customers who return."""

from ltv_platform.reports.charts import new_and_returning
from ltv_platform.reports.pages import Reader
from ltv_platform.reports.svg import Chart


def revenue_chart(reader: Reader) -> Chart:
    """A chart of new and returning revenue of the last weeks."""
    rows = reader.rows("weeks")
    return new_and_returning(
        [
            (row["week"].isoformat(), row["new_revenue"], row["returning_revenue"])
            for row in reversed(rows)
        ]
    )
