-- Grain: one row per measure, horizon and past forecast of the back-test.
-- Answers: what will all customers bring in, and how far off were such totals so far?
-- forecasting/repeat_buying/backtest.py computes the band of the table from the past forecasts.
{% import 'macros/shared.sql' as m with context %}
WITH totals AS (
  {%- for days in forecast_horizons %}
  {%- for measure, column in [('transactions', 'expected_purchases'), ('spend', 'expected_revenue')] %}
  SELECT
    '{{ measure }}' AS measure,
    {{ days }} AS horizon_days,
    COUNT({{ column }}_d{{ days }}) AS customers,
    COUNT(CASE WHEN method <> 'model' THEN {{ column }}_d{{ days }} END) AS fallbacks,
    TRY_CAST(COALESCE(SUM({{ m.total(column ~ '_d' ~ days) }}), 0) AS DECIMAL(38,6)) AS predicted_total
  FROM marts.ltv_forecast
  {{- ' UNION ALL' if not loop.last }}
  {%- endfor %}
  {{- ' UNION ALL' if not loop.last }}
  {%- endfor %}
)
SELECT
  totals.*,
  past.predicted_total AS past_predicted,
  past.actual_total AS past_actual
FROM totals
LEFT JOIN marts.forecast_backtest AS past
  ON past.measure = totals.measure AND past.model = 'mbgnbd' AND past.predicted_total IS NOT NULL
WHERE $as_of IS NOT NULL
ORDER BY totals.measure, horizon_days, past.origin
