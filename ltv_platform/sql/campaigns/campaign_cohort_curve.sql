-- Grain: one row per install date, campaign and age at which something was bought or refunded,
-- and one at age 0 for every cohort.
-- Answers: how does a cohort's revenue grow towards its cost?
{% import 'macros.sql' as m with context %}
WITH cohorts AS (
  SELECT install_date, campaign_id, CAST(SUM(installs) AS BIGINT) AS installs,
    {{ m.money('SUM(spend)') }} AS spend
  FROM marts.campaign_roas
  GROUP BY install_date, campaign_id
),
aged AS (
  SELECT c.install_date, c.campaign_id, c.customer_id, t.amount, t.is_refund,
    {{ m.age_day('t', 'c') }} AS age_day
  FROM core.customers AS c
  JOIN core.transactions AS t ON t.customer_id = c.customer_id
  WHERE {{ m.after_install('t', 'c') }}
),
ages AS (
  SELECT install_date, campaign_id, age_day,
    SUM(CASE WHEN is_refund THEN -amount ELSE amount END) AS revenue,
    SUM(CASE WHEN is_refund THEN amount ELSE 0 END) AS refunds,
    COUNT(*) FILTER (WHERE NOT is_refund) AS transactions,
    COUNT(DISTINCT customer_id) FILTER (WHERE NOT is_refund AND amount > 0) AS payers
  FROM aged
  WHERE age_day < {{ horizons | max }}
  GROUP BY install_date, campaign_id, age_day
  UNION ALL
  SELECT install_date, campaign_id, 0, 0, 0, 0, 0 FROM cohorts
)
SELECT
  install_date,
  campaign_id,
  CAST(age_day AS INTEGER) AS age_day,
  MAX(installs) AS installs,
  MAX(spend) AS spend,
  {{ m.money('SUM(revenue)') }} AS revenue,
  {{ m.money('SUM(refunds)') }} AS refunds,
  CAST(SUM(transactions) AS BIGINT) AS transactions,
  CAST(SUM(payers) AS BIGINT) AS payers
FROM ages
JOIN cohorts USING (install_date, campaign_id)
GROUP BY install_date, campaign_id, age_day
