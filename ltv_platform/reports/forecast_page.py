"""The forecast page: what customers and campaigns will bring in, and how sure that is.

Figures come from the catalogue of metrics, bands and back-tests from
``sql/queries/reports/forecasts/``; ``templates/forecasts.html.j2`` lays them out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from ltv_platform.metrics import Answer, CannotAnswer, Cell
from ltv_platform.published.current import require_snapshot
from ltv_platform.reports.customer_charts import forecast_fan
from ltv_platform.reports.metric_charts import band_of_periods
from ltv_platform.reports.pages import Reader, Row, Table, drawn, open_reader
from ltv_platform.reports.shell import Page, View, write_report
from ltv_platform.reports.svg import Chart
from ltv_platform.settings import Settings

#: The models behind a total of all customers, and the statuses with which the total may be shown:
#: everything else is a stand-in (docs/forecasts.md, "Without a model").
_CARRIES = {"mbgnbd": ("ok", "at_bound"), "gamma_gamma": ("ok",)}
#: The model and the naive rate that readers compare it with.
_MODEL, _NAIVE = "mbgnbd", "rate_x_T"
#: Campaigns are judged by the first quarter after install.
_QUARTER = 90
#: Dimensions that forecasts of customers can be grouped by, the first one unless chosen.
_GROUPS = ("country", "segment")


def write_forecast_report(settings: Settings) -> Path:
    """Write the report on the current snapshot, or a page on what to do if there is none.

    Returns:
        The file, ``forecasts.html`` in the folder of reports; it is replaced atomically.

    Raises:
        UserError: the snapshot is damaged, or the file cannot be written.
    """
    return write_report(FORECASTS, settings)


def forecast_overview(settings: Settings) -> Table:
    """One row per horizon for the terminal: what all customers will bring in, with the band.

    Returns:
        Column names and rows of raw values.

    Raises:
        UserError: nothing is published.
    """
    with open_reader("forecasts", settings, require_snapshot(settings)) as reader:
        return reader.table("totals_ahead")


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


def why_no_forecast(models: Sequence[Row]) -> str | None:
    """Why no total of the forecast may be shown; None if both models are fitted."""
    for row in models:
        if row["status"] not in _CARRIES.get(row["model"], (row["status"],)):
            return f"{row['model']}: {row['reason'] or row['status']}"
    return None


@dataclass(frozen=True)
class Accuracy:
    """How far off earlier forecasts of the revenue of all customers were.

    Attributes:
        forecasts: Their number.
        days: Days that each looked ahead.
        mean_error: Mean of the absolute errors, as a share of what happened.
        worst: The error that is farthest from 0; above 0: too high.
        bias: Mean of the errors.
        naive_error: Mean of the absolute errors of the naive rate; None: there is none.
    """

    forecasts: int
    days: int
    mean_error: float
    worst: float
    bias: float
    naive_error: float | None

    @classmethod
    def of(cls, backtest: Sequence[Row]) -> Self | None:
        """From the rows of the back-test; None if no forecast could be compared."""
        rows = [row for row in backtest if row["measure"] == "spend" and row["bias"] is not None]
        errors = [row["bias"] for row in rows if row["model"] == _MODEL]
        naive = [abs(row["bias"]) for row in rows if row["model"] == _NAIVE]
        if not errors:
            return None
        return cls(
            len(errors),
            rows[0]["holdout_days"],
            sum(map(abs, errors)) / len(errors),
            max(errors, key=abs),
            sum(errors) / len(errors),
            sum(naive) / len(naive) if naive else None,
        )


def _figures(view: View) -> dict[str, Any]:
    """Everything that the page shows, by the names of its template."""
    reader = view.reader
    models = reader.rows("models")
    backtest = reader.rows("backtest")
    ahead = reader.rows("totals_ahead")
    return {
        "models": models,
        "no_forecast": why_no_forecast(models),
        "ahead": ahead,
        "backtest": backtest,
        "accuracy": Accuracy.of(backtest),
        "forecast_chart": drawn(forecast_chart(reader)),
        **_campaign_backtest(view),
        **_customers(view),
        **_campaigns(view),
    }


def _campaign_backtest(view: View) -> dict[str, Any]:
    """The back-test of the campaign that is filtered on, if it has one; otherwise of all."""
    campaign = view.filters.campaign
    own = view.reader.rows("campaign_backtest", campaign=campaign) if campaign else []
    rows = own or view.reader.rows("campaign_backtest", campaign="(all)")
    return {"campaign_backtest": rows, "tested": campaign if own else None}


def _customers(view: View) -> dict[str, Any]:
    """Expected revenue and purchase days by horizon, and by country or segment."""
    by = view.filters.by if view.filters.by in _GROUPS else _GROUPS[0]
    where = view.filters.where(_GROUPS)
    view = replace(view, filters=view.filters.only(*_GROUPS))
    horizons = view.known_settings.forecast_horizons
    revenue = [f"expected_revenue_d{days}" for days in horizons]
    purchases = [f"expected_purchases_d{days}" for days in horizons]
    totals = _asked(view, *revenue, *purchases, where=where)
    groups = _asked(view, *revenue, by=(by,), where=where)
    return {
        "by": by,
        "groups_by": _GROUPS,
        "horizons": horizons,
        "is_filtered": bool(where),
        "customers": totals.rows[0].cells if totals and totals.rows else {},
        "customer_groups": sorted(
            groups.rows if groups else (), key=lambda row: _descending(row.cells[revenue[-1]])
        ),
        "customer_metrics": {metric.name: metric for metric in totals.metrics} if totals else {},
    }


def _campaigns(view: View) -> dict[str, Any]:
    """Expected ROAS and payback of campaigns, and one of them by install week, with intervals."""
    longest = max(view.known_settings.horizons)
    horizons = [days for days in view.known_settings.forecast_horizons if days <= longest]
    if not horizons:
        return {"campaign": None, "campaigns": []}
    days = min(horizons, key=lambda each: (abs(each - _QUARTER), each))
    roas = [f"expected_roas_d{each}" for each in horizons]
    undated = replace(view, filters=view.filters.only())
    every = _asked(undated, *roas, "expected_payback_day", "ltv_cac", by=("campaign",), where={})
    largest = view.reader.rows("largest_campaign")
    chosen = view.filters.campaign or (largest[0]["campaign_id"] if largest else None)
    weeks = None
    if chosen is not None:
        name = f"predicted_roas_d{days}"
        weeks = _asked(undated, name, grain="week", where={"campaign": (chosen,)})
    rows = weeks.rows if weeks else ()
    cells = [(str(row.period), row.cells[f"predicted_roas_d{days}"]) for row in rows]
    return {
        "campaign": chosen,
        "campaign_days": days,
        "campaign_horizons": horizons,
        "campaigns": sorted(
            (row for row in (every.rows if every else ()) if _has_value(row.cells)),
            key=lambda row: _descending(row.cells[f"expected_roas_d{days}"]),
        ),
        "campaign_metrics": {
            metric.name: metric
            for answer in (every, weeks)
            for metric in (answer.metrics if answer else ())
        },
        "weeks": cells,
        "week_chart": drawn(Chart("", band_of_periods(_band(cells)))) if cells else None,
    }


def _asked(view: View, *metrics: str, **question: Any) -> Answer | None:
    """An answer; None if there are no forecasts yet."""
    try:
        return view.ask(*metrics, **question)
    except CannotAnswer:
        return None


def _band(cells: Sequence[tuple[str, Cell]]) -> list[tuple[str, float, float, float]]:
    """(period, lower, value, upper) of the cells with a value."""
    return [
        (
            period,
            float(cell.value if cell.lower is None else cell.lower),
            float(cell.value),
            float(cell.value if cell.upper is None else cell.upper),
        )
        for period, cell in cells
        if cell.value is not None
    ]


def _has_value(cells: Mapping[str, Cell]) -> bool:
    return any(cell.value is not None for cell in cells.values())


def _descending(cell: Cell) -> float:
    return -float(cell.value or 0)


FORECASTS = Page(
    "forecasts",
    "Forecasts",
    "What customers and campaigns will bring in, and how sure that is.",
    _figures,
    ("country", "segment", "campaign"),
)
