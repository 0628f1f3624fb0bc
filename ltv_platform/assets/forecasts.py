"""Forecasts of customers: histories, models fitted to them, what these say, how good it was."""

from ltv_platform.forecasting.backtest import forecast_backtest, forecast_totals
from ltv_platform.forecasting.tables import forecast_models, purchase_forecasts
from ltv_platform.transforms import Derivation

FORECASTS = (
    Derivation("marts.purchase_histories", "forecasts"),
    Derivation("marts.forecast_models", "forecasts", fit=forecast_models),
    Derivation("marts.purchase_forecasts", "forecasts", fit=purchase_forecasts),
    Derivation("marts.ltv_forecast", "forecasts"),
    Derivation("marts.forecast_backtest", "forecasts", fit=forecast_backtest),
    Derivation("marts.forecast_totals", "forecasts", fit=forecast_totals),
)
