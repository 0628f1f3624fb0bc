-- Grain: one row per month of registration, activity and month since.
-- Answers: how many customers of a month are still active?
SELECT
  cohort_month AS day,
  activity,
  months_since_registration AS months,
  cohort_size,
  active_customers
FROM customer_retention
