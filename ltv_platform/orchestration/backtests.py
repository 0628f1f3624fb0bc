"""Back-test metadata: every materialization of a forecast shows how accurate it has been."""

from typing import Any

import dagster as dg

from ltv_platform.contracts import Catalog
from ltv_platform.warehouse.engine import Reader

#: Most rows of the back-test to show, baselines included; the table has all of them.
_MOST_ROWS = 60

#: Per back-test: a query for its rows in reading order, and one for (name, value) pairs to plot
#: over time, of the newest or most relevant row.
_ROWS = {
    "marts.forecast_backtest": "ORDER BY origin DESC, measure DESC, model",
    "marts.campaign_forecast_backtest": (
        "ORDER BY campaign_id <> '(all)', campaign_id, backtest, start_age_days, horizon_days"
    ),
}
_PLOTTED = {
    "marts.forecast_backtest": """
        SELECT measure || '_' || figure, value
        FROM (
          SELECT measure, bias, rmse, mae, r
          FROM marts.forecast_backtest
          WHERE model = 'mbgnbd' AND origin = (SELECT MAX(origin) FROM marts.forecast_backtest)
        ) AS newest
        UNPIVOT (value FOR figure IN (bias, rmse, mae, r))
    """,
    "marts.campaign_forecast_backtest": """
        SELECT 'd' || start_age_days || '_to_d' || horizon_days || '_' || figure, value
        FROM (
          SELECT start_age_days, horizon_days, bias, rmse, mae, r, interval_coverage
          FROM marts.campaign_forecast_backtest
          WHERE campaign_id = '(all)' AND backtest = 'rolling_origin'
          QUALIFY ROW_NUMBER() OVER (ORDER BY start_age_days = 28 DESC, horizon_days DESC,
            start_age_days) = 1
        ) AS telling
        UNPIVOT (value FOR figure IN (bias, rmse, mae, r, interval_coverage))
    """,
}


def backtest_metadata(engine: Reader, backtest: str) -> dict[str, dg.MetadataValue[Any]]:
    """How accurate forecasts have been: rows of the back-test, and figures to plot.

    Args:
        engine: The warehouse.
        backtest: Full name of the back-test's table; empty: the table is not a forecast.
    """
    if not backtest:
        return {}
    names = [column.name for column in engine.catalog[backtest].columns]
    rows = engine.rows(f"SELECT * FROM {backtest} {_ROWS[backtest]} LIMIT {_MOST_ROWS}")
    figures = {f"backtest_{name}": value for name, value in engine.rows(_PLOTTED[backtest])}
    records = [
        dg.TableRecord({name: _shown(value) for name, value in zip(names, row, strict=True)})
        for row in rows
    ]
    return {
        **{name: dg.MetadataValue.float(value) for name, value in figures.items()},
        "backtest": dg.MetadataValue.table(records, _schema(engine.catalog, backtest)),
    }


def _schema(catalog: Catalog, table: str) -> dg.TableSchema:
    return dg.TableSchema(
        [dg.TableColumn(c.name, c.type, c.description) for c in catalog[table].columns]
    )


def _shown(value: Any) -> str | int | float | bool | None:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
