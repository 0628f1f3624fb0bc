-- Grain: one row per month of registration, country, segment, acquisition source and month of age with
-- anything to add up.
-- Answers: what did any choice of these customers bring in, at which age?
-- Counts customers at age 0 and sums their revenue by full months since registration; each customer is in
-- one row of an age, so rows of different customers add up.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/months.sql' as months with context %}
{%- set attributes = 'country, segment, acquisition_source' %}
-- The customers that count: filters apply here, before anything is added up.
WITH chosen AS (
  SELECT
    customer_id, install_ts, install_date, {{ attributes }},
    {{ months.month_of('install_date') }} AS cohort_month
  FROM core.customers
),
parts AS (
  SELECT
    cohort_month,
    {{ attributes }},
    0 AS age_month,
    COUNT(*) AS customers,
    MIN(install_date) AS oldest,
    MAX(install_date) AS youngest,
    0 AS purchasing_customers,
    0 AS revenue,
    0 AS refunds,
    0 AS waiting_rows
  FROM chosen
  GROUP BY cohort_month, {{ attributes }}
  UNION ALL
  SELECT
    c.cohort_month,
    {{ attributes }},
    {{ months.months_of_age('c.install_date', 't.event_date') }},
    0,
    NULL,
    NULL,
    COUNT(DISTINCT CASE WHEN NOT t.is_refund THEN t.customer_id END),
    SUM(CASE WHEN t.is_refund THEN -t.amount ELSE t.amount END),
    SUM(CASE WHEN t.is_refund THEN t.amount ELSE 0 END),
    0
  FROM core.transactions AS t
  JOIN chosen AS c ON c.customer_id = t.customer_id
  WHERE {{ m.after_install('t', 'c') }}
  GROUP BY
    c.cohort_month, {{ attributes }}, {{ months.months_of_age('c.install_date', 't.event_date') }}
  UNION ALL
  SELECT
    c.cohort_month,
    {{ attributes }},
    {{ months.months_of_age('c.install_date', 'w.event_date') }},
    0,
    NULL,
    NULL,
    0,
    0,
    0,
    SUM(w.waiting_rows)
  FROM core.waiting_for_rate AS w
  JOIN chosen AS c ON c.customer_id = w.owner AND w.table_name = 'transactions'
  WHERE {{ m.waits_after_install('w', 'c') }}
  GROUP BY
    c.cohort_month, {{ attributes }}, {{ months.months_of_age('c.install_date', 'w.event_date') }}
)
SELECT
  cohort_month,
  {{ attributes }},
  CAST(age_month AS INTEGER) AS age_month,
  CAST(SUM(customers) AS BIGINT) AS customers,
  MIN(oldest) AS oldest,
  MAX(youngest) AS youngest,
  CAST(SUM(purchasing_customers) AS BIGINT) AS purchasing_customers,
  {{ m.total('SUM(revenue)') }} AS revenue,
  {{ m.total('SUM(refunds)') }} AS refunds,
  CAST(SUM(waiting_rows) AS BIGINT) AS waiting_rows
FROM parts
GROUP BY cohort_month, {{ attributes }}, age_month
