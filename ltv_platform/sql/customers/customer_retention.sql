-- Grain: one row per month of registration, kind of activity and month for which all activity of that
-- kind is known.
-- Answers: how many of a cohort's customers are still active?
-- Sums customer_retention_sums; customers who return later count as active or later.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/months.sql' as months with context %}
{% set activities = ('purchase', 'interaction', 'any') %}
{#- The day up to which activity of a kind is known; any uses the feed whose data end
    first, among those that have events. -#}
{% set bought_until = m.day('CAST($revenue_watermark AS TIMESTAMP)') %}
{% set contacted_until = 'CAST($interaction_watermark AS DATE)' %}
{% set known_until = {
  'purchase': bought_until,
  'interaction': contacted_until,
  'any': 'LEAST(%s, %s, CAST($session_watermark AS DATE))' % (bought_until, contacted_until),
} %}
{#- Customers who come only every few months are not gone yet: "or later" has hardly begun for them.
-#}
{% set censored_months = 3 %}
-- The customers that count: filters apply here, before anything is added up.
WITH chosen AS (
  SELECT
    cohort_month, activity, months_since_registration, customers, active_customers,
    last_active_customers
  FROM marts.customer_retention_sums
),
cohorts AS (
  SELECT cohort_month, CAST(SUM(customers) AS BIGINT) AS cohort_size
  FROM chosen
  WHERE activity = 'any'
  GROUP BY cohort_month
),
-- Customers were active "or later" until the last month in which they were active.
counts AS (
  SELECT
    cohort_month,
    activity,
    months_since_registration AS month,
    SUM(active_customers) AS active,
    SUM(last_active_customers) AS last
  FROM chosen
  GROUP BY cohort_month, activity, months_since_registration
),
-- Up to the month of as_of, ended or not: activity in it is activity "or later" for the months
-- before.
grid AS (
  SELECT
    cohorts.cohort_month,
    activities.activity,
    months.month,
    cohorts.cohort_size,
    {{ months.months_between('cohorts.cohort_month', 'activities.known_until') }} AS ended
  FROM cohorts
  JOIN (
    SELECT CAST(month AS INTEGER) AS month
    FROM UNNEST(GENERATE_SERIES(0, (
      SELECT {{ months.months_between('MIN(cohort_month)', 'CAST($as_of AS DATE)') }} FROM cohorts
    ))) AS series(month)
  ) AS months
    ON months.month <= {{ months.months_between('cohorts.cohort_month', 'CAST($as_of AS DATE)') }}
  CROSS JOIN (
    VALUES
    {%- for activity in activities %}
      ('{{ activity }}', {{ known_until[activity] }}){{ ',' if not loop.last }}
    {%- endfor %}
  ) AS activities(activity, known_until)
),
retained AS (
  SELECT
    grid.*,
    CAST(COALESCE(counts.active, 0) AS BIGINT) AS active_customers,
    CAST(SUM(COALESCE(counts.last, 0)) OVER from_then_on AS BIGINT) AS active_or_later_customers
  FROM grid
  LEFT JOIN counts
    ON counts.cohort_month = grid.cohort_month
    AND counts.activity = grid.activity
    AND counts.month = grid.month
  WINDOW from_then_on AS (
    PARTITION BY grid.cohort_month, grid.activity ORDER BY grid.month DESC
  )
)
SELECT
  cohort_month,
  activity,
  month AS months_since_registration,
  cohort_size,
  active_customers,
  {{ m.ratio('active_customers', 'cohort_size') }} AS retention_bounded,
  active_or_later_customers,
  {{ m.ratio('active_or_later_customers', 'cohort_size') }} AS retention_unbounded,
  month >= ended - {{ censored_months }} AS censored
FROM retained
WHERE month < ended
