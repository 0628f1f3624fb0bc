-- Grain: one row per past day of forecast.
-- Answers: how far off were forecasts of all customers' revenue?
SELECT
  'All customers, ' || holdout_days || ' days from ' || CAST(origin + 1 AS VARCHAR) AS forecast,
  1 AS past_forecasts,
  bias,
  NULL AS mean_absolute_error_share,
  NULL AS interval_coverage
FROM forecast_backtest
WHERE model = 'mbgnbd' AND measure = 'spend' AND status IN ('ok', 'at_bound')
ORDER BY origin
