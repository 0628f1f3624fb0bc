-- Published: immature windows are NULL.
{% import 'macros/shared.sql' as m with context %}
SELECT
  customer_id,
  install_date,
  campaign_id,
  country
  {%- for n in user_horizons %},
  {%- set mature = m.mature('install_date', n) ~ ' AND ' ~ m.nothing_waits(n) %}
  CASE WHEN {{ mature }} THEN revenue_d{{ n }} END AS revenue_d{{ n }},
  CASE WHEN {{ mature }} THEN transactions_d{{ n }} END AS transactions_d{{ n }}
  {%- endfor %}
FROM marts.user_revenue
