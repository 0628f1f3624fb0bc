"""Charts on the asset pages: a thumbnail next to the metadata, the full chart on click.

Dagster shows Markdown of fewer than 1,000 characters inline and longer text in a dialog; images
must be data URIs, because it drops raw SVG.
"""

from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import quote

import dagster as dg

from ltv_platform.reports.channels import cost_chart, length_chart, model_chart
from ltv_platform.reports.customers import ltv_chart, retention_chart, rfm_chart
from ltv_platform.reports.forecast_page import forecast_chart
from ltv_platform.reports.pages import Reader, Table
from ltv_platform.reports.revenue import revenue_chart
from ltv_platform.reports.svg import Chart
from ltv_platform.warehouse import engine as warehouse_engine

#: Per table: name of the chart, its report page, and the function that draws it.
_CHARTS: Mapping[str, tuple[str, str, Callable[[Reader], Chart]]] = {
    "marts.customer_journeys": ("sessions_of_journeys", "channels", length_chart),
    "marts.channel_reporting": ("cost_and_revenue", "channels", cost_chart),
    "marts.channel_model_comparison": ("channels_by_model", "channels", model_chart),
    "marts.customer_cohort_curve": ("ltv_by_age", "customers", ltv_chart),
    "marts.customer_retention": ("retention", "customers", retention_chart),
    "marts.rfm_segments": ("recency_and_frequency", "customers", rfm_chart),
    "marts.daily_revenue": ("new_and_returning", "revenue", revenue_chart),
    "marts.forecast_totals": ("expected_revenue", "forecasts", forecast_chart),
}

#: Characters to leave unescaped in a data URI; quotes and parentheses would end the Markdown.
_SAFE = "/:=,.-_"


def chart_metadata(engine: warehouse_engine.Reader, table: str) -> dict[str, dg.MetadataValue[str]]:
    """The charts of a table, of all its rows in the warehouse; most tables have none."""
    if table not in _CHARTS:
        return {}
    name, page, draw = _CHARTS[table]
    chart = draw(Reader(partial(_ask, engine), engine.settings, page, "marts."))
    return {name: _image(chart.small), f"{name}_full": _image(chart.full)}


def _ask(warehouse: warehouse_engine.Reader, sql: str) -> Table:
    found = warehouse.fetch(sql)
    return found.column_names, [tuple(row.values()) for row in found.to_pylist()]


def _image(svg: str) -> dg.MetadataValue[str]:
    return dg.MetadataValue.md(f"![](data:image/svg+xml,{quote(svg, safe=_SAFE)})")
