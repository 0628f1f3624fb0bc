"""The customer report: LTV, retention, segments, factors and forecasts.

Only reads the published snapshot. Figures are computed in ``sql/queries/reports/customers/`` and
laid out in ``templates/customers.html.j2``.
"""

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from ltv_platform.published.current import require_snapshot
from ltv_platform.reports.customer_charts import (
    Cohort,
    cohort_triangle,
    forecast_fan,
    retention_heatmap,
    rfm_grid,
)
from ltv_platform.reports.pages import Reader, Row, Table, drawn, open_reader, write_page
from ltv_platform.reports.svg import Chart
from ltv_platform.settings import Settings

#: The models behind a total of all customers, and the statuses with which the total may be shown:
#: everything else is a stand-in (docs/forecasts.md, "Without a model").
_CARRIES = {"mbgnbd": ("ok", "at_bound"), "gamma_gamma": ("ok",)}


_open = partial(open_reader, "customers")


def write_customer_report(settings: Settings) -> Path:
    """Write the report on the current snapshot, or a page on what to do if there is none.

    Returns:
        The file, ``customers.html`` in the folder of reports; it is replaced atomically.

    Raises:
        UserError: the snapshot is damaged, or the file cannot be written.
    """
    return write_page("customers", settings, _open, _figures)


def customer_overview(settings: Settings) -> tuple[Table, Table]:
    """Cohorts with their LTV at equal age, and segments, for the terminal.

    Returns:
        Column names and rows of raw values, twice; None: unknown.

    Raises:
        UserError: nothing is published.
    """
    with _open(settings, require_snapshot(settings)) as reader:
        return reader.table("cohorts"), reader.table("segments")


def ltv_chart(reader: Reader) -> Chart:
    """A chart of LTV per customer by cohort and month of age."""
    return cohort_triangle(_by_cohort(reader.rows("ltv_by_age")))


def retention_chart(reader: Reader) -> Chart:
    """A chart of the share of each cohort that bought again, by month."""
    return retention_heatmap(_by_cohort(reader.rows("retention")))


def rfm_chart(reader: Reader) -> Chart:
    """A chart of the number of customers by recency and frequency score."""
    rows = reader.rows("grid")
    return rfm_grid(
        {(row["r_score"], row["f_score"]): (row["segment"], row["customers"]) for row in rows}
    )


def forecast_chart(reader: Reader) -> Chart:
    """A chart of the expected revenue of all customers, with the accuracy of earlier forecasts."""
    ahead = [
        (row["horizon_days"], row["lower_total"], row["predicted_total"], row["upper_total"])
        for row in reader.rows("totals_ahead")
    ]
    origins = [
        (str(row["origin"]), row["predicted_total"], row["actual_total"])
        for row in reader.rows("origins")
    ]
    return forecast_fan(ahead, origins)


def _by_cohort(rows: Sequence[Row]) -> list[Cohort]:
    """Rows of (cohort, customers, age, value), in that order, as one entry per cohort."""
    cohorts: list[Cohort] = []
    for name, group in groupby(rows, key=lambda row: row["cohort"]):
        of_cohort = list(group)
        cohorts.append((name, of_cohort[0]["customers"], [row["value"] for row in of_cohort]))
    return cohorts


def _figures(reader: Reader) -> dict[str, Any]:
    """Everything that the page shows, by the names of its template."""
    models = reader.rows("models")
    return {
        "totals": reader.rows("totals")[0],
        "cohorts": reader.rows("cohorts"),
        "segments": reader.rows("segments"),
        "moves": reader.rows("moves"),
        "factors": reader.rows("factors"),
        "ahead": reader.rows("totals_ahead"),
        "models": models,
        "no_forecast": _why_no_forecast(models),
        "backtest": reader.rows("backtest"),
        "ltv_chart": drawn(ltv_chart(reader)),
        "retention_chart": drawn(retention_chart(reader)),
        "rfm_chart": drawn(rfm_chart(reader)),
        "forecast_chart": drawn(forecast_chart(reader)),
    }


def _why_no_forecast(models: Sequence[Row]) -> str | None:
    """Why no total of the forecast may be shown; None if both models are fitted."""
    for row in models:
        if row["status"] not in _CARRIES.get(row["model"], (row["status"],)):
            return f"{row['model']}: {row['reason'] or row['status']}"
    return None
