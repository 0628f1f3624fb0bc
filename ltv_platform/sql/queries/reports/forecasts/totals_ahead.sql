-- Grain: one row per horizon.
-- Answers: what will all customers bring in by then?
SELECT
  horizon_days,
  customers,
  fallbacks,
  predicted_total,
  COALESCE(lower_total, predicted_total) AS lower_total,
  COALESCE(upper_total, predicted_total) AS upper_total,
  lower_total IS NOT NULL AS has_band,
  origins
FROM {{ schema }}forecast_totals
WHERE measure = 'spend'
ORDER BY horizon_days
