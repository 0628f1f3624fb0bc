-- Grain: one row per month of registration and month of age reached by at least one of its customers.
-- Answers: how does a cohort's revenue grow with the age of its customers?
-- Sums revenue by full months since registration; an age is mature when the youngest customer of the
-- cohort has completed it.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/months.sql' as months with context %}
-- The customers that count: filters apply here, before anything is added up.
WITH chosen AS (
  SELECT customer_id, install_ts, install_date FROM core.customers
),
cohorts AS (
  SELECT
    {{ months.month_of('install_date') }} AS cohort_month,
    COUNT(*) AS customers,
    MIN(install_date) AS oldest,
    MAX(install_date) AS youngest
  FROM chosen
  GROUP BY {{ months.month_of('install_date') }}
),
sums AS (
  SELECT
    {{ months.month_of('c.install_date') }} AS cohort_month,
    {{ months.months_of_age('c.install_date', 't.event_date') }} AS age_month,
    COUNT(DISTINCT CASE WHEN NOT t.is_refund THEN t.customer_id END) AS purchasing_customers,
    SUM(CASE WHEN t.is_refund THEN -t.amount ELSE t.amount END) AS revenue,
    SUM(CASE WHEN t.is_refund THEN t.amount ELSE 0 END) AS refunds
  FROM core.transactions AS t
  JOIN chosen AS c ON c.customer_id = t.customer_id
  WHERE {{ m.after_install('t', 'c') }}
  GROUP BY
    {{ months.month_of('c.install_date') }},
    {{ months.months_of_age('c.install_date', 't.event_date') }}
),
-- From this age on, revenue waits for a rate.
waiting AS (
  SELECT
    {{ months.month_of('c.install_date') }} AS cohort_month,
    MIN({{ months.months_of_age('c.install_date', 'w.event_date') }}) AS age_month
  FROM core.waiting_for_rate AS w
  JOIN chosen AS c ON c.customer_id = w.owner AND w.table_name = 'transactions'
  WHERE {{ m.waits_after_install('w', 'c') }}
  GROUP BY {{ months.month_of('c.install_date') }}
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
