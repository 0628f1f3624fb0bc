-- Grain: one row per month of registration and month of age.
-- Answers: what is a customer worth by then, and what so far if not everybody is that old?
{% import 'macros/shared.sql' as m with context %}
SELECT
  STRFTIME(cohort_month, '%Y-%m') AS cohort,
  customers,
  age_month,
  {{ m.quotient('cumulative_revenue', 'customers') }} AS value,
  mature
FROM customer_cohort_curve
WHERE ($start IS NULL OR cohort_month >= DATE_TRUNC('month', CAST($start AS DATE)))
  AND ($end IS NULL OR cohort_month <= $end)
ORDER BY cohort_month, age_month
