-- Grain: one row per cohort and month of age.
-- Answers: what is one of its customers worth by then?
SELECT
  STRFTIME(cohort_month, '%Y-%m') AS cohort,
  customers,
  age_month,
  cumulative_ltv_per_customer AS value
FROM {{ schema }}customer_cohort_curve
ORDER BY cohort_month, age_month
