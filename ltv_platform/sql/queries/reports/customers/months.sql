-- Grain: one row per month of registration and month since.
-- Answers: what share of its customers bought in that month?
SELECT
  STRFTIME(cohort_month, '%Y-%m') AS cohort,
  cohort_size AS customers,
  months_since_registration AS age_month,
  retention_bounded AS value,
  TRUE AS mature
FROM customer_retention
WHERE activity = 'purchase'
  AND ($start IS NULL OR cohort_month >= DATE_TRUNC('month', CAST($start AS DATE)))
  AND ($end IS NULL OR cohort_month <= $end)
ORDER BY cohort_month, months_since_registration
