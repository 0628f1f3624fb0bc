-- Grain: one row per install date, campaign and country.
-- Answers: what is a user of this cohort worth after N days, who pays, who stays?
{% import 'macros.sql' as m with context %}
{% set longest = horizons | max %}
WITH aged AS (
  SELECT c.customer_id, c.install_date, c.campaign_id, c.country, t.amount, t.is_refund,
    {{ m.age_day('t', 'c') }} AS age_day
  FROM core.customers AS c
  JOIN core.transactions AS t ON t.customer_id = c.customer_id
  WHERE {{ m.after_install('t', 'c') }}
),
-- Each event falls into the first horizon that holds it; later horizons add up the earlier ones.
steps AS (
  SELECT *,
    CASE
    {%- for n in horizons %}
      WHEN age_day < {{ n }} THEN {{ n }}
    {%- endfor %}
    END AS step
  FROM aged
  WHERE age_day < {{ longest }}
),
revenue AS (
  SELECT install_date, campaign_id, country
  {%- for n in horizons %},
    SUM(revenue) FILTER (WHERE step <= {{ n }}) AS revenue_d{{ n }},
    SUM(refunds) FILTER (WHERE step <= {{ n }}) AS refunds_d{{ n }}
  {%- endfor %}
  FROM (
    SELECT install_date, campaign_id, country, step,
      SUM(CASE WHEN is_refund THEN -amount ELSE amount END) AS revenue,
      SUM(CASE WHEN is_refund THEN amount ELSE 0 END) AS refunds
    FROM steps
    GROUP BY install_date, campaign_id, country, step
  ) AS by_step
  GROUP BY install_date, campaign_id, country
),
payers AS (
  SELECT install_date, campaign_id, country
  {%- for n in horizons %},
    COUNT(*) FILTER (WHERE first_step <= {{ n }}) AS payers_d{{ n }}
  {%- endfor %}
  FROM (
    SELECT install_date, campaign_id, country, customer_id, MIN(step) AS first_step
    FROM steps
    WHERE NOT is_refund AND amount > 0
    GROUP BY install_date, campaign_id, country, customer_id
  ) AS first_payments
  GROUP BY install_date, campaign_id, country
),
-- Day N of retention is the Nth day after the day of install (age N, counting from 0).
active AS (
  SELECT customer_id, install_date, campaign_id, country, age_day
  FROM aged
  WHERE age_day IN ({{ horizons | join(', ') }})
  UNION
  SELECT c.customer_id, c.install_date, c.campaign_id, c.country,
    {{ m.age_day('i', 'c') }} AS age_day
  FROM core.customers AS c
  JOIN core.interactions AS i ON i.customer_id = c.customer_id
  WHERE {{ m.after_install('i', 'c') }}
    AND {{ m.age_day('i', 'c') }} IN ({{ horizons | join(', ') }})
  UNION
  SELECT c.customer_id, c.install_date, c.campaign_id, c.country,
    {{ m.age_day('s', 'c') }} AS age_day
  FROM core.customers AS c
  JOIN core.sessions AS s ON s.user_id = c.customer_id
  WHERE {{ m.after_install('s', 'c') }}
    AND {{ m.age_day('s', 'c') }} IN ({{ horizons | join(', ') }})
),
retained AS (
  SELECT install_date, campaign_id, country
  {%- for n in horizons %},
    COUNT(*) FILTER (WHERE age_day = {{ n }}) AS retained_d{{ n }}
  {%- endfor %}
  FROM active
  GROUP BY install_date, campaign_id, country
),
cohorts AS (
  SELECT install_date, campaign_id, country, COUNT(*) AS installs
  FROM core.customers
  GROUP BY install_date, campaign_id, country
)
SELECT
  install_date,
  campaign_id,
  country,
  installs
  {%- for n in horizons %},
  COALESCE(payers_d{{ n }}, 0) AS payers_d{{ n }},
  {{ m.money('COALESCE(revenue_d' ~ n ~ ', 0)') }} AS revenue_d{{ n }},
  {{ m.money('COALESCE(refunds_d' ~ n ~ ', 0)') }} AS refunds_d{{ n }},
  COALESCE(retained_d{{ n }}, 0) AS retained_d{{ n }}
  {%- endfor %},
  {{ m.money('COALESCE(revenue_d' ~ longest ~ ', 0)') }} AS revenue_to_date
FROM cohorts
LEFT JOIN revenue USING (install_date, campaign_id, country)
LEFT JOIN payers USING (install_date, campaign_id, country)
LEFT JOIN retained USING (install_date, campaign_id, country)
