-- Grain: one row per month of registration, country, segment, acquisition source, kind of activity and
-- month with anything to add up.
-- Answers: how many of any choice of these customers were active when, and for the last time when?
-- A customer is active in a month with any event of that kind; each is in one row of a month, so rows of
-- different customers add up.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/months.sql' as months with context %}
{%- set attributes = 'country, segment, acquisition_source' %}
{%- set activities = ('purchase', 'interaction', 'any') %}
-- The customers that count: filters apply here, before anything is added up.
WITH chosen AS (
  SELECT
    customer_id, install_ts, install_date, {{ attributes }},
    {{ months.month_of('install_date') }} AS cohort_month
  FROM core.customers
),
events AS (
  SELECT customer_id, event_ts, event_date, TRUE AS purchase, FALSE AS interaction
  FROM core.transactions
  WHERE NOT is_refund
  UNION ALL
  SELECT customer_id, event_ts, event_date, FALSE, TRUE FROM core.interactions
  UNION ALL
  SELECT user_id, event_ts, event_date, FALSE, FALSE FROM core.sessions
),
-- Each customer's months with any event. Registering is not an event; nothing before it counts.
active AS (
  SELECT
    c.customer_id,
    {{ months.months_between('c.install_date', 'e.event_date') }} AS month,
    BOOL_OR(e.purchase) AS purchase,
    BOOL_OR(e.interaction) AS interaction
  FROM events AS e
  JOIN chosen AS c ON c.customer_id = e.customer_id
  WHERE {{ m.after_install('e', 'c') }}
  GROUP BY c.customer_id, {{ months.months_between('c.install_date', 'e.event_date') }}
),
active_in AS (
  SELECT
    cohort_month,
    {{ attributes }},
    month,
    COUNT(CASE WHEN purchase THEN 1 END) AS of_purchase,
    COUNT(CASE WHEN interaction THEN 1 END) AS of_interaction,
    COUNT(*) AS of_any
  FROM active
  JOIN chosen ON chosen.customer_id = active.customer_id
  GROUP BY cohort_month, {{ attributes }}, month
),
-- Customers by the last month in which they were active.
last_in AS (
  SELECT
    cohort_month,
    {{ attributes }},
    of_purchase,
    of_interaction,
    of_any,
    COUNT(*) AS customers
  FROM (
    SELECT
      customer_id,
      MAX(CASE WHEN purchase THEN month END) AS of_purchase,
      MAX(CASE WHEN interaction THEN month END) AS of_interaction,
      MAX(month) AS of_any
    FROM active
    GROUP BY customer_id
  ) AS last_months
  JOIN chosen ON chosen.customer_id = last_months.customer_id
  GROUP BY cohort_month, {{ attributes }}, of_purchase, of_interaction, of_any
),
cohorts AS (
  SELECT cohort_month, {{ attributes }}, COUNT(*) AS customers
  FROM chosen
  GROUP BY cohort_month, {{ attributes }}
),
parts AS (
{%- for activity in activities %}
  SELECT
    cohort_month,
    {{ attributes }},
    '{{ activity }}' AS activity,
    0 AS month,
    customers,
    0 AS active_customers,
    0 AS last_active_customers
  FROM cohorts
  UNION ALL
  SELECT cohort_month, {{ attributes }}, '{{ activity }}', month, 0, of_{{ activity }}, 0
  FROM active_in
  UNION ALL
  SELECT cohort_month, {{ attributes }}, '{{ activity }}', of_{{ activity }}, 0, 0, customers
  FROM last_in
  WHERE of_{{ activity }} IS NOT NULL
  {%- if not loop.last %}
  UNION ALL
  {%- endif %}
{%- endfor %}
)
SELECT
  cohort_month,
  {{ attributes }},
  activity,
  CAST(month AS INTEGER) AS months_since_registration,
  CAST(SUM(customers) AS BIGINT) AS customers,
  CAST(SUM(active_customers) AS BIGINT) AS active_customers,
  CAST(SUM(last_active_customers) AS BIGINT) AS last_active_customers
FROM parts
GROUP BY cohort_month, {{ attributes }}, activity, month
HAVING SUM(customers) > 0 OR SUM(active_customers) > 0 OR SUM(last_active_customers) > 0
