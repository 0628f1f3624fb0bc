-- Grain: one row per horizon and age at which cohorts were forecast.
-- Answers: how far off were forecasts of cohorts of a campaign, or of all of them, and how many were
-- within their interval?
SELECT
  horizon_days,
  start_age_days,
  cohorts,
  predicted_revenue,
  actual_revenue,
  bias,
  mape,
  baseline_mape,
  interval_coverage
FROM campaign_forecast_backtest
WHERE backtest = 'rolling_origin' AND campaign_id = {{ campaign | literal }}
ORDER BY horizon_days, start_age_days
