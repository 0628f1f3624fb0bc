-- Grain: one row per starting age.
-- Answers: how far off were forecasts of cohorts for this horizon, of all campaigns?
SELECT
  'Install cohorts of all campaigns, forecast at an age of ' || start_age_days || ' days' AS forecast,
  cohorts AS past_forecasts,
  bias,
  mape AS mean_absolute_error_share,
  interval_coverage
FROM campaign_forecast_backtest
WHERE backtest = 'rolling_origin' AND campaign_id = '(all)' AND horizon_days = $horizon
ORDER BY start_age_days
