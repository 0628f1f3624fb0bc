-- Grain: one row per month of registration and month of age.
-- Answers: what are customers worth at the same age?
SELECT cohort_month AS day, age_month, customers, cumulative_revenue, mature
FROM customer_cohort_curve
