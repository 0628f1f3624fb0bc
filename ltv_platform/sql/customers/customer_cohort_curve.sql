-- Grain: one row per month of registration and month of age reached by at least one of its customers.
-- Answers: how does a cohort's revenue grow with the age of its customers?
-- Sums customer_cohort_sums; an age is mature when the youngest customer of the cohort has completed
-- it.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/months.sql' as months with context %}
-- The customers that count: filters apply here, before anything is added up.
WITH chosen AS (
  SELECT
    cohort_month, age_month, customers, oldest, youngest, purchasing_customers, revenue, refunds,
    waiting_rows
  FROM marts.customer_cohort_sums
),
cohorts AS (
  SELECT
    cohort_month,
    CAST(SUM(customers) AS BIGINT) AS customers,
    MIN(oldest) AS oldest,
    MAX(youngest) AS youngest
  FROM chosen
  GROUP BY cohort_month
),
sums AS (
  SELECT
    cohort_month,
    age_month,
    CAST(SUM(purchasing_customers) AS BIGINT) AS purchasing_customers,
    SUM(revenue) AS revenue,
    SUM(refunds) AS refunds
  FROM chosen
  GROUP BY cohort_month, age_month
),
-- From this age on, revenue waits for a rate.
waiting AS (
  SELECT cohort_month, MIN(age_month) AS age_month
  FROM chosen
  WHERE waiting_rows > 0
  GROUP BY cohort_month
),
ages AS (
  SELECT CAST(age_month AS INTEGER) AS age_month
  FROM UNNEST(GENERATE_SERIES(0, (
    SELECT MAX({{ months.months_of_age('oldest', 'CAST($as_of AS DATE)') }}) FROM cohorts
  ))) AS series(age_month)
),
grown AS (
  SELECT
    cohorts.cohort_month,
    ages.age_month,
    cohorts.customers,
    COALESCE(sums.purchasing_customers, 0) AS purchasing_customers,
    {{ m.total('COALESCE(sums.revenue, 0)') }} AS revenue,
    {{ m.total('COALESCE(sums.refunds, 0)') }} AS refunds,
    {{ m.total('SUM(COALESCE(sums.revenue, 0)) OVER so_far') }} AS cumulative_revenue,
    COALESCE(
      {{ months.months_of_age('cohorts.youngest', m.day('CAST($revenue_watermark AS TIMESTAMP)')) }}
        > ages.age_month
        AND (waiting.age_month IS NULL OR waiting.age_month > ages.age_month),
      FALSE
    ) AS mature
  FROM cohorts
  JOIN ages
    ON ages.age_month <= {{ months.months_of_age('cohorts.oldest', 'CAST($as_of AS DATE)') }}
  LEFT JOIN waiting ON waiting.cohort_month = cohorts.cohort_month
  LEFT JOIN sums
    ON sums.cohort_month = cohorts.cohort_month AND sums.age_month = ages.age_month
  WINDOW so_far AS (PARTITION BY cohorts.cohort_month ORDER BY ages.age_month)
)
SELECT
  cohort_month,
  age_month,
  customers,
  purchasing_customers,
  revenue,
  refunds,
  cumulative_revenue,
  CASE WHEN mature THEN {{ m.ratio('cumulative_revenue', 'customers') }} END
    AS cumulative_ltv_per_customer,
  mature
FROM grown
