-- Grain: one row per month of registration.
-- Answers: are its customers worth more than others?
SELECT
  STRFTIME(cohort_month, '%Y-%m') AS cohort,
  customers,
  purchasing_customers,
  total_ltv,
  avg_ltv,
  median_ltv,
  avg_transactions,
  avg_ltv_m1,
  avg_ltv_m3,
  avg_ltv_m6,
  avg_ltv_m12
FROM ltv_by_cohort
ORDER BY cohort_month
