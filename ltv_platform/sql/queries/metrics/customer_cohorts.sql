-- Grain: one row per month of registration, country, segment, acquisition source, and month of age: 0 and
-- those of the metrics.
-- Answers: what are customers worth at the same age?
-- A month of age is mature when the youngest customer of the whole month of registration has completed it.
{% set ages = [] %}
{% for months in cohort_months %}{% set _ = ages.append(months - 1) %}{% endfor %}
SELECT
  cohorts.cohort_month AS day,
  cohorts.country,
  COALESCE(cohorts.segment, '(unknown)') AS segment,
  COALESCE(cohorts.acquisition_source, '(unknown)') AS acquisition_source,
  known.age_month,
  ANY_VALUE(cohorts.customers) AS customers,
  COALESCE(SUM(sums.revenue), 0) AS cumulative_revenue,
  BOOL_AND(known.mature) AS mature
FROM customer_cohort_sums AS cohorts
JOIN customer_cohort_curve AS known ON known.cohort_month = cohorts.cohort_month
LEFT JOIN customer_cohort_sums AS sums
  ON sums.cohort_month = cohorts.cohort_month
  AND sums.country = cohorts.country
  AND sums.segment IS NOT DISTINCT FROM cohorts.segment
  AND sums.acquisition_source IS NOT DISTINCT FROM cohorts.acquisition_source
  AND sums.age_month <= known.age_month
WHERE cohorts.age_month = 0
  AND known.age_month IN (0, {{ ages | join(', ') }})
GROUP BY
  cohorts.cohort_month,
  cohorts.country,
  cohorts.segment,
  cohorts.acquisition_source,
  known.age_month
