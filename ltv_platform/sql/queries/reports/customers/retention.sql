-- Grain: one row per cohort and month since registration.
-- Answers: what share of it bought in that month?
SELECT
  STRFTIME(cohort_month, '%Y-%m') AS cohort,
  cohort_size AS customers,
  months_since_registration,
  retention_bounded AS value
FROM {{ schema }}customer_retention
WHERE activity = 'purchase'
ORDER BY cohort_month, months_since_registration
