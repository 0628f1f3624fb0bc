-- Grain: one row per origin.
-- Answers: how close did the total come?
SELECT origin, predicted_total, actual_total
FROM {{ schema }}forecast_backtest
WHERE model = 'mbgnbd' AND measure = 'spend' AND predicted_total IS NOT NULL
ORDER BY origin
