-- Grain: one row per model that credits anything.
-- Answers: what do its rows add up to? Sums that differ from those of the sources are a violation.
SELECT
  model,
  SUM(credit) AS credit,
  SUM(credited_revenue) AS credited_revenue,
  SUM(cost) AS cost
FROM marts.channel_model_comparison
GROUP BY model
