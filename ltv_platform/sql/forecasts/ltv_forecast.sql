-- Grain: one row per customer, including those without transactions.
-- Answers: is the customer still buying, and what will they bring in?
-- Expected purchases of the customer's group times the expected value of a purchase; method names the
-- fallback if a model could not be fitted.
{% import 'macros/shared.sql' as m with context %}
{#- The naive forecast: the mean month of the tenure, forever. -#}
{% macro naive(total, days) -%}
(CAST({{ total }} AS DOUBLE) / GREATEST(1, tenure_days / 30.4375e0) * {{ days / 30.4375 }}e0)
{%- endmacro %}
{#- Estimated money; NULL beyond twelve digits, which is not a reason to stop the run. -#}
{% macro guess(expression) -%}
TRY_CAST({{ expression }} AS DECIMAL(38,6))
{%- endmacro %}
WITH models AS (
  SELECT
    MAX(CASE WHEN model = 'mbgnbd' THEN status END) AS purchase_status,
    MAX(CASE WHEN model = 'gamma_gamma' THEN status END) AS value_status,
    MAX(CASE WHEN parameter = 'p' THEN value END) AS p,
    MAX(CASE WHEN parameter = 'q' THEN value END) AS q,
    MAX(CASE WHEN parameter = 'v' THEN value END) AS v
  FROM marts.forecast_models
),
forecasts AS (
  SELECT
    repeat_days,
    span_days,
    age_days,
    MAX(p_alive) AS p_alive
    {%- for days in forecast_horizons %}
    {%- for name in ['expected_purchases', 'lower_factor', 'upper_factor'] %},
    MAX(CASE WHEN horizon_days = {{ days }} THEN {{ name }} END) AS {{ name }}_d{{ days }}
    {%- endfor %}
    {%- endfor %}
  FROM marts.purchase_forecasts
  GROUP BY repeat_days, span_days, age_days
),
joined AS (
  SELECT
    customers.customer_id,
    customers.country,
    customers.segment,
    customers.total_transactions,
    customers.ltv,
    customers.tenure_days,
    COALESCE(histories.purchase_days, 0) AS purchase_days,
    CASE
      WHEN histories.repeat_days IS NULL THEN 'no_purchase'
      WHEN purchase_status <> 'ok' THEN purchase_status
      WHEN value_status <> 'ok' THEN value_status
      WHEN histories.repeat_days = 0 THEN 'one_purchase'
      ELSE 'ok'
    END AS status,
    CASE
      WHEN histories.repeat_days IS NULL THEN 'none'
      WHEN purchase_status NOT IN ('ok', 'at_bound') THEN 'naive'
      WHEN value_status <> 'ok' THEN 'own_mean'
      WHEN purchase_status <> 'ok' THEN 'model_at_bound'
      ELSE 'model'
    END AS method,
    -- v + x m: what is known about the customer's values. Times a factor it is a quantile of
    -- revenue.
    v + histories.repeat_days * COALESCE(histories.mean_repeat_value, 0) AS value_scale,
    CASE
      WHEN value_status = 'ok' THEN p * (v + histories.repeat_days * COALESCE(histories.mean_repeat_value, 0))
        / NULLIF(p * histories.repeat_days + q - 1, 0)
      ELSE {{ m.ratio('histories.purchase_value', 'histories.purchase_days') }}
    END AS value_of_purchase,
    p_alive
    {%- for days in forecast_horizons %}
    {%- for name in ['expected_purchases', 'lower_factor', 'upper_factor'] %},
    {{ name }}_d{{ days }}
    {%- endfor %}
    {%- endfor %}
  FROM marts.customer_ltv AS customers
  CROSS JOIN models
  LEFT JOIN marts.purchase_histories AS histories ON histories.customer_id = customers.customer_id
  LEFT JOIN forecasts
    ON forecasts.repeat_days = histories.repeat_days
    AND forecasts.span_days = histories.span_days
    AND forecasts.age_days = histories.age_days
)
SELECT
  customer_id,
  country,
  segment,
  total_transactions,
  ltv,
  tenure_days,
  purchase_days,
  status,
  method,
  p_alive
  {%- for days in forecast_horizons %},
  CASE method
    WHEN 'naive' THEN {{ naive('purchase_days', days) }}
    ELSE expected_purchases_d{{ days }}
  END AS expected_purchases_d{{ days }},
  TRY_CAST(
    CASE method
      WHEN 'naive' THEN GREATEST(0, {{ naive('ltv', days) }})
      ELSE expected_purchases_d{{ days }} * value_of_purchase
    END AS DECIMAL(38,6)
  ) AS expected_revenue_d{{ days }},
  {{ guess('value_scale * lower_factor_d' ~ days) }} AS lower_revenue_d{{ days }},
  {{ guess('value_scale * upper_factor_d' ~ days) }} AS upper_revenue_d{{ days }},
  {{ guess(naive('ltv', days)) }} AS naive_revenue_d{{ days }}
  {%- endfor %}
FROM joined
