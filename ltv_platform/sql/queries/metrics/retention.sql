-- Grain: one row per month of registration, country, segment, acquisition source, activity, and month
-- since registration for which all activity is known: 0 and those of the metrics.
-- Answers: how many customers of a month are still active?
SELECT
  cohorts.cohort_month AS day,
  cohorts.country,
  COALESCE(cohorts.segment, '(unknown)') AS segment,
  COALESCE(cohorts.acquisition_source, '(unknown)') AS acquisition_source,
  cohorts.activity,
  known.months_since_registration AS months,
  cohorts.customers AS cohort_size,
  COALESCE(active.active_customers, 0) AS active_customers
FROM customer_retention_sums AS cohorts
JOIN customer_retention AS known
  ON known.cohort_month = cohorts.cohort_month AND known.activity = cohorts.activity
LEFT JOIN customer_retention_sums AS active
  ON active.cohort_month = cohorts.cohort_month
  AND active.country = cohorts.country
  AND active.segment IS NOT DISTINCT FROM cohorts.segment
  AND active.acquisition_source IS NOT DISTINCT FROM cohorts.acquisition_source
  AND active.activity = cohorts.activity
  AND active.months_since_registration = known.months_since_registration
WHERE cohorts.months_since_registration = 0
  AND known.months_since_registration IN (0, {{ cohort_months | join(', ') }})
