"""The customer page: LTV, retention, segments, and what customers have in common.

Only reads the published snapshot. Figures come from the catalogue of metrics, medians, scores and
factors from ``sql/queries/reports/customers/``; ``templates/customers.html.j2`` lays them out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from ltv_platform.contracts.customers import COHORT_MONTHS
from ltv_platform.metrics import Answer, Cell, Metric
from ltv_platform.published.current import require_snapshot
from ltv_platform.reports.customer_charts import (
    Cohort,
    cohort_triangle,
    retention_heatmap,
    rfm_grid,
)
from ltv_platform.reports.forecast_page import why_no_forecast
from ltv_platform.reports.pages import Reader, Row, Table, drawn, open_reader
from ltv_platform.reports.revenue import revenue_by_period
from ltv_platform.reports.shell import Page, View, write_report
from ltv_platform.reports.svg import Chart
from ltv_platform.settings import Settings

_open = partial(open_reader, "customers")

_TOTALS = (
    *("customers", "buyers", "total_ltv", "refunds", "ltv", "avg_order_value"),
    *("repeat_share", "orders"),
)
_COHORTS = ("customers", "buyers", "total_ltv", "ltv")
_GROUPS = ("customers", "buyers", "repeat_share", "ltv", "avg_order_value", "total_ltv")
_SEGMENTS = ("rfm_customers", "rfm_monetary", "rfm_recency", "rfm_frequency")
#: Who customers are: dimensions that the page can group them by, the first one unless chosen.
_WHO = ("country", "segment", "acquisition_source")
#: A year: further months do not fit beside each other.
_MOST_AGES = 13


def write_customer_report(settings: Settings) -> Path:
    """Write the report on the current snapshot, or a page on what to do if there is none.

    Returns:
        The file, ``customers.html`` in the folder of reports; it is replaced atomically.

    Raises:
        UserError: the snapshot is damaged, or the file cannot be written.
    """
    return write_report(CUSTOMERS, settings)


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
    return rfm_grid(_cells(reader.rows("grid")))


def _cells(rows: Sequence[Row]) -> dict[tuple[int, int], tuple[str, int]]:
    return {(row["r_score"], row["f_score"]): (row["segment"], row["customers"]) for row in rows}


def _by_cohort(rows: Sequence[Row]) -> list[Cohort]:
    """Rows of (cohort, customers, age, value), in that order, as one entry per cohort."""
    cohorts: list[Cohort] = []
    for name, group in groupby(rows, key=lambda row: row["cohort"]):
        of_cohort = list(group)
        cohorts.append((name, of_cohort[0]["customers"], [row["value"] for row in of_cohort]))
    return cohorts


@dataclass(frozen=True)
class _Aging:
    """A cohort by month of age, for a table.

    Attributes:
        name: Month of registration.
        customers: Its size.
        values: (value, whether every customer is that old) by month of age.
    """

    name: str
    customers: int
    values: Sequence[tuple[float | None, bool]]


def _aging(rows: Sequence[Row]) -> list[_Aging]:
    cohorts = []
    for name, group in groupby(rows, key=lambda row: row["cohort"]):
        of_cohort = list(group)[:_MOST_AGES]
        values = [(row["value"], row["mature"]) for row in of_cohort]
        cohorts.append(_Aging(name, of_cohort[0]["customers"], values))
    return cohorts


def _mature(rows: Sequence[Row]) -> list[Row]:
    return [row if row["mature"] else {**row, "value": None} for row in rows]


def _figures(view: View) -> dict[str, Any]:
    """Everything that the page shows, by the names of its template."""
    by = view.filters.by if view.filters.by in _WHO else _WHO[0]
    only_mature = view.filters.cohorts == "mature"
    grain = view.filters.grain
    view = replace(view, filters=view.filters.only("start", "end", "country", "segment"))
    where = view.filters.where(("country", "segment"))
    ask = partial(view.ask, where=where)
    totals = ask(*_TOTALS)
    if not totals.rows or not totals.rows[0].cells["customers"].value:
        return {"cohorts": []}
    reader = view.reader
    medians = {row["cohort_month"]: row["median_ltv"] for row in reader.rows("medians")}
    cohorts, groups = ask(*_COHORTS, grain="month"), ask(*_GROUPS, by=(by,))
    segments = ask(*_SEGMENTS, by=("rfm_segment",))
    at_age, retention = _at_age(view, where), _retention(view, where)
    ages, months = reader.rows("ages"), reader.rows("months")
    answers = (totals, cohorts, groups, segments, at_age, retention)
    return {
        "metrics": {metric.name: metric for answer in answers for metric in answer.metrics},
        "is_filtered": bool(where),
        **revenue_by_period(replace(view, filters=replace(view.filters, grain=grain))),
        "totals": totals.rows[0].cells,
        "medians": medians,
        "expected": _expected(view, where),
        "cohorts": cohorts.rows,
        "at_age": {row.period: row.cells for row in at_age.rows},
        "retention": retention.rows,
        "cohort_months": COHORT_MONTHS,
        "ages": _aging(_mature(ages) if only_mature else ages),
        "months": _aging(months),
        "who": _WHO,
        "by": by,
        "groups": sorted(groups.rows, key=lambda row: _descending(row.cells["customers"])),
        "segments": sorted(segments.rows, key=lambda row: _descending(row.cells["rfm_customers"])),
        "too_few": reader.rows("scores")[0]["too_few"],
        "moves": reader.rows("moves"),
        "factors": reader.rows("factors"),
        "ltv_chart": drawn(cohort_triangle(_by_cohort(_mature(ages)))),
        "retention_chart": drawn(retention_heatmap(_by_cohort(months))),
        "rfm_chart": drawn(rfm_grid(_cells(reader.rows("cells")))),
    }


def _descending(cell: Cell) -> float:
    return -float(cell.value or 0)


def _at_age(view: View, where: Mapping[str, tuple[str, ...]]) -> Answer:
    """LTV at equal age by month of registration."""
    names = [f"ltv_m{months}" for months in COHORT_MONTHS]
    return view.ask(*names, grain="month", where=where)


def _retention(view: View, where: Mapping[str, tuple[str, ...]]) -> Answer:
    """Who bought in some months after registration."""
    names = [f"retention_m{months}" for months in COHORT_MONTHS]
    return view.ask(*names, grain="month", where={**where, "activity": ("purchase",)})


def _expected(view: View, where: Mapping[str, tuple[str, ...]]) -> dict[str, Any] | None:
    """The forecast at the longest horizon: its figure, its band, or why there is none."""
    forecasts = view.reader_of("forecasts")
    ahead = forecasts.rows("totals_ahead")
    if not ahead:
        return None
    last = ahead[-1]
    known: dict[str, Any] = {
        "days": last["horizon_days"],
        "reason": why_no_forecast(forecasts.rows("models")),
        "band": None if where or not last["has_band"] else last,
        "cell": None,
    }
    name = f"expected_revenue_d{known['days']}"
    if known["reason"] is None:
        undated = replace(view, filters=view.filters.only("country", "segment"))
        answer = undated.ask(name, where=where)
        metric: Metric = answer.metrics[0]
        known |= {"metric": metric, "cell": answer.rows[0].cells[name] if answer.rows else None}
    return known


CUSTOMERS = Page(
    "customers",
    "Customers",
    "What customers are worth, whether they stay, and what the good ones have in common.",
    _figures,
    ("start", "end", "country", "segment"),
)
