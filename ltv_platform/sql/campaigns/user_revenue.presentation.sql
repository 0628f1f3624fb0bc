-- Published: immature windows are NULL.
{% import 'macros.sql' as m with context %}
SELECT
  customer_id,
  install_date,
  campaign_id,
  country
  {%- for n in user_horizons %},
  CASE WHEN {{ m.mature('install_date', n) }} THEN revenue_d{{ n }} END AS revenue_d{{ n }},
  CASE WHEN {{ m.mature('install_date', n) }} THEN transactions_d{{ n }} END
    AS transactions_d{{ n }}
  {%- endfor %}
FROM marts.user_revenue
