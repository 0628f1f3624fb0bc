-- Grain: one row per origin, measure and model.
-- Answers: how far off would forecasts have been?
SELECT
  origin, holdout_days, measure, model, predicted_total, actual_total, bias, mae, rmse, r
FROM forecast_backtest
ORDER BY
  origin DESC,
  measure DESC,
  CASE model
    WHEN 'mbgnbd' THEN 1 WHEN 'bgnbd' THEN 2 WHEN 'rate_x_T' THEN 3 WHEN 'rate_n_T' THEN 4 ELSE 5
  END
