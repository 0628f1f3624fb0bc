"""Customer forecasts: purchase days, tables, commands; the models themselves are in forecasting."""
