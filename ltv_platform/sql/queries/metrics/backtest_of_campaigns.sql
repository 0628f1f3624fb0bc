-- Grain: one row per campaign (all of them together first) and starting age.
-- Answers: how far off were forecasts of cohorts for this horizon?
SELECT
  'Install cohorts of ' || CASE WHEN campaign_id = '(all)' THEN 'all campaigns' ELSE campaign_id END
    || ', forecast at an age of ' || start_age_days || ' days' AS forecast,
  cohorts AS past_forecasts,
  bias,
  mape AS mean_absolute_error_share,
  interval_coverage
FROM campaign_forecast_backtest
WHERE backtest = 'rolling_origin'
  AND horizon_days = $horizon
  AND (campaign_id = '(all)' OR campaign_id IN (SELECT UNNEST(CAST($campaigns AS VARCHAR[]))))
ORDER BY campaign_id <> '(all)', campaign_id, start_age_days
