-- Grain: one row per install date, campaign and age with a purchase or refund, and one at age 0 for
-- every cohort with its size and cost. A partition is the first day on which an age can begin, so that
-- a new day of events rewrites two days instead of a year of cohorts.
-- Answers: how does a cohort's revenue grow towards its cost?
{% import 'macros/shared.sql' as m with context %}
WITH aged AS (
  SELECT c.install_date, c.campaign_id, c.customer_id, t.amount, t.is_refund,
    CAST({{ m.age_day('t', 'c') }} AS INTEGER) AS age_day
  FROM core.customers AS c
  JOIN core.transactions AS t ON t.customer_id = c.customer_id
  WHERE {{ m.after_install('t', 'c') }}
),
waiting AS (
  SELECT c.install_date, c.campaign_id, CAST({{ m.waits_from_age('w', 'c') }} AS INTEGER) AS age_day,
    w.waiting_rows
  FROM core.customers AS c
  JOIN core.waiting_for_rate AS w ON w.owner = c.customer_id AND w.table_name = 'transactions'
  WHERE {{ m.waits_after_install('w', 'c') }}
),
ages AS (
  SELECT install_date, campaign_id, age_day, NULL AS installs, NULL AS spend,
    {{ m.net_revenue() }} AS revenue,
    SUM(CASE WHEN is_refund THEN amount ELSE 0 END) AS refunds,
    COUNT(*) FILTER (WHERE NOT is_refund) AS transactions,
    COUNT(DISTINCT customer_id) FILTER (WHERE NOT is_refund AND amount > 0) AS payers,
    0 AS waiting_rows, FALSE AS cost_waits
  FROM aged
  WHERE age_day < {{ horizons | max }}
    AND {{ m.age_date('install_date', 'age_day') }} >= $start
    AND {{ m.age_date('install_date', 'age_day') }} <= $end
  GROUP BY install_date, campaign_id, age_day
  UNION ALL
  SELECT install_date, campaign_id, age_day, NULL, NULL, 0, 0, 0, 0, SUM(waiting_rows), FALSE
  FROM waiting
  WHERE age_day < {{ horizons | max }}
    AND {{ m.age_date('install_date', 'age_day') }} >= $start
    AND {{ m.age_date('install_date', 'age_day') }} <= $end
  GROUP BY install_date, campaign_id, age_day
  UNION ALL
  SELECT install_date, campaign_id, 0, COUNT(*), NULL, 0, 0, 0, 0, 0, FALSE
  FROM core.customers
  WHERE install_date >= $start
  GROUP BY install_date, campaign_id
  UNION ALL
  SELECT date, campaign_id, 0, 0, SUM(spend), 0, 0, 0, 0, 0, FALSE
  FROM core.campaign_spend
  GROUP BY date, campaign_id
  UNION ALL
  SELECT event_date, owner, 0, 0, NULL, 0, 0, 0, 0, 0, COUNT(owner) > 0
  FROM core.waiting_for_rate
  WHERE table_name = 'campaign_costs' AND event_date >= $start AND event_date <= $end
  GROUP BY event_date, owner
)
SELECT
  {{ m.age_date('install_date', 'age_day') }} AS age_date,
  install_date,
  campaign_id,
  age_day,
  CAST(SUM(installs) AS BIGINT) AS installs,
  {{ m.total('SUM(spend)') }} AS spend,
  {{ m.total('SUM(revenue)') }} AS revenue,
  {{ m.total('SUM(refunds)') }} AS refunds,
  CAST(SUM(transactions) AS BIGINT) AS transactions,
  CAST(SUM(payers) AS BIGINT) AS payers,
  CAST(SUM(waiting_rows) AS BIGINT) AS waiting_rows,
  BOOL_OR(cost_waits) AS cost_waits
FROM ages
GROUP BY install_date, campaign_id, age_day
