-- Grain: one row per month of registration, kind of activity and month for which all activity of that
-- kind is known.
-- Answers: how many of a cohort's customers are still active?
-- A customer is active in a month with any event of that kind; customers who return later count as
-- active or later.
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
  SELECT customer_id, install_ts, install_date FROM core.customers
),
cohorts AS (
  SELECT {{ months.month_of('install_date') }} AS cohort_month, COUNT(*) AS cohort_size
  FROM chosen
  GROUP BY {{ months.month_of('install_date') }}
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
    {{ months.month_of('c.install_date') }} AS cohort_month,
    {{ months.months_between('c.install_date', 'e.event_date') }} AS month,
    BOOL_OR(e.purchase) AS purchase,
    BOOL_OR(e.interaction) AS interaction
  FROM events AS e
  JOIN chosen AS c ON c.customer_id = e.customer_id
  WHERE {{ m.after_install('e', 'c') }}
  GROUP BY
    c.customer_id,
    {{ months.month_of('c.install_date') }},
    {{ months.months_between('c.install_date', 'e.event_date') }}
),
active_in AS (
  SELECT
    cohort_month,
    month,
    COUNT(CASE WHEN purchase THEN 1 END) AS of_purchase,
    COUNT(CASE WHEN interaction THEN 1 END) AS of_interaction,
    COUNT(*) AS of_any
  FROM active
  GROUP BY cohort_month, month
),
-- Customers by the last month in which they were active; they were active "or later" until then.
last_in AS (
  SELECT cohort_month, of_purchase, of_interaction, of_any, COUNT(*) AS customers
  FROM (
    SELECT
      cohort_month,
      MAX(CASE WHEN purchase THEN month END) AS of_purchase,
      MAX(CASE WHEN interaction THEN month END) AS of_interaction,
      MAX(month) AS of_any
    FROM active
    GROUP BY customer_id, cohort_month
  ) AS customers
  GROUP BY cohort_month, of_purchase, of_interaction, of_any
),
counts AS (
  SELECT cohort_month, activity, month, SUM(active) AS active, SUM(last) AS last
  FROM (
  {%- for activity in activities %}
    SELECT cohort_month, '{{ activity }}' AS activity, month, of_{{ activity }} AS active, 0 AS last
    FROM active_in
    UNION ALL
    SELECT cohort_month, '{{ activity }}', of_{{ activity }}, 0, customers
    FROM last_in
    {%- if not loop.last %}
    UNION ALL
    {%- endif %}
  {%- endfor %}
  ) AS parts
  GROUP BY cohort_month, activity, month
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
