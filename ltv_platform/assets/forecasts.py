"""Forecasts of customers: histories, fitted models, forecasts, back-tests."""

from ltv_platform.forecasting.repeat_buying.backtest import forecast_backtest, forecast_totals
from ltv_platform.forecasting.repeat_buying.tables import forecast_models, purchase_forecasts
from ltv_platform.tables.transforms import Derivation

_BACKTEST = "marts.forecast_backtest"

FORECASTS = (
    Derivation("marts.purchase_histories", "forecasts"),
    Derivation(_BACKTEST, "forecasts", backtest=_BACKTEST, fit=forecast_backtest),
    Derivation("marts.forecast_models", "forecasts", backtest=_BACKTEST, fit=forecast_models),
    Derivation("marts.purchase_forecasts", "forecasts", backtest=_BACKTEST, fit=purchase_forecasts),
    Derivation("marts.ltv_forecast", "forecasts", backtest=_BACKTEST),
    Derivation("marts.forecast_totals", "forecasts", backtest=_BACKTEST, fit=forecast_totals),
)
