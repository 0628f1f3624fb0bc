-- Grain: one row per customer.
-- Answers: what did each customer bring in during the first days after install?
-- Purchases minus refunds of the first N days of each customer's life.
{% import 'macros/shared.sql' as m with context %}
WITH aged AS (
  SELECT c.customer_id, t.amount, t.is_refund, {{ m.age_day('t', 'c') }} AS age_day
  FROM core.customers AS c
  JOIN core.transactions AS t ON t.customer_id = c.customer_id
  WHERE {{ m.after_install('t', 'c') }}
),
sums AS (
  SELECT customer_id
  {%- for n in user_horizons %},
    {{ m.net_revenue() }} FILTER (WHERE age_day < {{ n }})
      AS revenue_d{{ n }},
    COUNT(*) FILTER (WHERE age_day < {{ n }} AND NOT is_refund) AS transactions_d{{ n }}
  {%- endfor %}
  FROM aged
  WHERE age_day < {{ user_horizons | max }}
  GROUP BY customer_id
),
waiting AS (
  SELECT c.customer_id, MIN({{ m.waits_from_age('w', 'c') }}) AS waits_from_age
  FROM core.customers AS c
  JOIN core.waiting_for_rate AS w ON w.owner = c.customer_id AND w.table_name = 'transactions'
  WHERE {{ m.waits_after_install('w', 'c') }}
    AND {{ m.age_day('w', 'c') }} < {{ user_horizons | max }}
  GROUP BY c.customer_id
)
SELECT
  c.customer_id,
  c.install_date,
  c.campaign_id,
  c.country
  {%- for n in user_horizons %},
  {{ m.total('COALESCE(sums.revenue_d' ~ n ~ ', 0)') }} AS revenue_d{{ n }},
  COALESCE(sums.transactions_d{{ n }}, 0) AS transactions_d{{ n }}
  {%- endfor %},
  CAST(waiting.waits_from_age AS INTEGER) AS waits_from_age
FROM core.customers AS c
LEFT JOIN sums ON sums.customer_id = c.customer_id
LEFT JOIN waiting ON waiting.customer_id = c.customer_id
