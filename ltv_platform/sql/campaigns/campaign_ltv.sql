-- Grain: one row per install date, campaign and country.
-- Answers: what is a user of this cohort worth after N days, who pays, who stays?
-- Every event of a cohort's customers counts in the first horizon that includes its age; longer
-- horizons add up the shorter ones.
{% import 'macros/shared.sql' as m with context %}
{% set longest = horizons | max %}
-- One join of customers and events feeds every figure. A cohort has a number, so that its many
-- events are grouped by an integer and not by a date and two texts.
WITH cohorts AS (
  SELECT *, ROW_NUMBER() OVER (ORDER BY install_date, campaign_id, country) AS cohort
  FROM (
    SELECT install_date, campaign_id, country, COUNT(*) AS installs
    FROM core.customers
    GROUP BY install_date, campaign_id, country
  ) AS counted
),
customers AS (
  SELECT c.customer_id, c.install_ts, c.install_date, cohorts.cohort
  FROM core.customers AS c
  JOIN cohorts ON cohorts.install_date = c.install_date
    AND cohorts.campaign_id = c.campaign_id AND cohorts.country = c.country
),
-- Only transactions have an amount.
events AS (
  SELECT customer_id, event_ts, event_date, amount, is_refund FROM core.transactions
  UNION ALL
  SELECT customer_id, event_ts, event_date, NULL, FALSE FROM core.interactions
  UNION ALL
  SELECT user_id, event_ts, event_date, NULL, FALSE FROM core.sessions
),
-- Each event falls into the first horizon that includes it; later horizons add up the earlier ones.
aged AS (
  SELECT *,
    CASE
    {%- for n in horizons %}
      WHEN age_day < {{ n }} THEN {{ n }}
    {%- endfor %}
    END AS step
  FROM (
    SELECT c.cohort, c.customer_id, e.amount, e.is_refund, {{ m.age_day('e', 'c') }} AS age_day
    FROM customers AS c
    JOIN events AS e ON e.customer_id = c.customer_id
    WHERE {{ m.after_install('e', 'c') }}
  ) AS joined
  WHERE age_day <= {{ longest }}
),
revenue AS (
  SELECT cohort
  {%- for n in horizons %},
    SUM(revenue) FILTER (WHERE step <= {{ n }}) AS revenue_d{{ n }},
    SUM(refunds) FILTER (WHERE step <= {{ n }}) AS refunds_d{{ n }}
  {%- endfor %}
  FROM (
    SELECT cohort, step,
      {{ m.net_revenue() }} AS revenue,
      SUM(CASE WHEN is_refund THEN amount ELSE 0 END) AS refunds
    FROM aged
    WHERE amount IS NOT NULL AND step IS NOT NULL
    GROUP BY cohort, step
  ) AS by_step
  GROUP BY cohort
),
payers AS (
  SELECT cohort
  {%- for n in horizons %},
    COUNT(*) FILTER (WHERE first_step <= {{ n }}) AS payers_d{{ n }}
  {%- endfor %}
  FROM (
    SELECT cohort, customer_id, MIN(step) AS first_step
    FROM aged
    WHERE amount > 0 AND NOT is_refund
    GROUP BY cohort, customer_id
  ) AS first_payments
  GROUP BY cohort
),
-- Revenue that waits for a rate is missing from all figures from its age on.
waiting AS (
  SELECT c.cohort, MIN({{ m.waits_from_age('w', 'c') }}) AS waits_from_age
  FROM customers AS c
  JOIN core.waiting_for_rate AS w ON w.owner = c.customer_id AND w.table_name = 'transactions'
  WHERE {{ m.waits_after_install('w', 'c') }} AND {{ m.age_day('w', 'c') }} <= {{ longest }}
  GROUP BY c.cohort
),
-- Day N of retention is the Nth day after the day of install (age N, counting from 0).
retained AS (
  SELECT cohort
  {%- for n in horizons %},
    COUNT(*) FILTER (WHERE age_day = {{ n }}) AS retained_d{{ n }}
  {%- endfor %}
  FROM (
    SELECT DISTINCT cohort, customer_id, age_day
    FROM aged
    WHERE age_day IN ({{ horizons | join(', ') }})
  ) AS active
  GROUP BY cohort
)
SELECT
  install_date,
  campaign_id,
  country,
  installs
  {%- for n in horizons %},
  COALESCE(payers_d{{ n }}, 0) AS payers_d{{ n }},
  {{ m.total('COALESCE(revenue_d' ~ n ~ ', 0)') }} AS revenue_d{{ n }},
  {{ m.total('COALESCE(refunds_d' ~ n ~ ', 0)') }} AS refunds_d{{ n }},
  COALESCE(retained_d{{ n }}, 0) AS retained_d{{ n }}
  {%- endfor %},
  {{ m.total('COALESCE(revenue_d' ~ longest ~ ', 0)') }} AS revenue_to_date,
  CAST(waits_from_age AS INTEGER) AS waits_from_age
FROM cohorts
LEFT JOIN revenue ON revenue.cohort = cohorts.cohort
LEFT JOIN payers ON payers.cohort = cohorts.cohort
LEFT JOIN retained ON retained.cohort = cohorts.cohort
LEFT JOIN waiting ON waiting.cohort = cohorts.cohort
