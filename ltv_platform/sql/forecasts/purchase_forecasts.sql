-- Grain: one row per group of customers with equal purchase days, and horizon.
-- Answers: which groups need a forecast, for how many days, and with which parameters?
-- forecasting/repeat_buying/tables.py computes the table from these rows. There are none if the
-- purchase model could not be fitted; p, q and v are NULL if the value model could not.
WITH models AS (
  SELECT
    {%- for name in ['r', 'alpha', 'a', 'b'] %}
    MAX(CASE WHEN model = 'mbgnbd' AND parameter = '{{ name }}' THEN value END) AS {{ name }},
    {%- endfor %}
    {%- for name in ['p', 'q', 'v'] %}
    MAX(CASE WHEN model = 'gamma_gamma' AND parameter = '{{ name }}' THEN value END) AS {{ name }}
    {{- ',' if not loop.last }}
    {%- endfor %}
  FROM marts.forecast_models
  WHERE status = 'ok' OR (model = 'mbgnbd' AND status = 'at_bound')
),
horizons AS (
  {%- for days in forecast_horizons %}
  SELECT {{ days }} AS horizon_days{{ ' UNION ALL' if not loop.last }}
  {%- endfor %}
)
SELECT groups.*, horizons.horizon_days, models.*
FROM (
  SELECT repeat_days, span_days, age_days, COUNT(*) AS customers
  FROM marts.purchase_histories
  WHERE repeat_days IS NOT NULL
  GROUP BY repeat_days, span_days, age_days
) AS groups
CROSS JOIN horizons
CROSS JOIN models
WHERE models.r IS NOT NULL
