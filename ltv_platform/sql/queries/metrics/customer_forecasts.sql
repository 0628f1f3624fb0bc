-- Grain: one row per customer.
-- Answers: what will customers bring in?
SELECT
  country,
  COALESCE(segment, '(unknown)') AS segment,
  method,
  1 AS customers
  {%- for n in forecast_horizons %},
  expected_purchases_d{{ n }},
  expected_revenue_d{{ n }}
  {%- endfor %}
FROM ltv_forecast
