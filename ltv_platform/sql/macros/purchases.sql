{#- Purchase days as they were known at the end of some days, and the histories that they make.
    The macros need a CTE `cutoffs` with these days, in a DATE column `cutoff`. `schema` is where
    transactions and customers stand: `core.` in the warehouse, nothing in the snapshot. -#}
{% import 'macros/shared.sql' as m with context %}

{#- Days with transactions, of customers either with or without any refund. -#}
{% macro days(schema, with_refunds) -%}
SELECT
  customer_id,
  event_date,
  {{ m.total(m.net_revenue()) }} AS net,
  COUNT(CASE WHEN is_refund THEN 1 END) AS refunds
FROM {{ schema }}transactions
WHERE customer_id {{ '' if with_refunds else 'NOT ' }}IN (
  SELECT customer_id FROM {{ schema }}transactions WHERE is_refund
)
GROUP BY customer_id, event_date
{%- endmacro %}

{#- Grain: cutoff, customer, day with a transaction up to the cutoff. `net` is that day's purchases
    minus its refunds; `kept` is what is left of them, NULL if the day has no purchase.

    A refund takes back what was bought last, day by day, until it is used up; what exceeds all
    purchases before it is forgotten. So the days are a stack. Its height is the running sum S,
    reflected at 0: W_t = S_t - min(0, min(S_s, s <= t)). Of day i, which raised it from W_i - net
    to W_i, remains what lies below the lowest height since. -#}
{% macro purchase_days(schema='core.') -%}
SELECT cutoff, customer_id, event_date, net, net AS kept
FROM (
  {{ days(schema, false) | indent(2) }}
) AS never_refunded
JOIN cutoffs ON event_date <= cutoff
UNION ALL
SELECT
  cutoff,
  customer_id,
  event_date,
  net,
  CASE
    WHEN net = 0 AND refunds = 0 THEN net
    WHEN net > height - lowest_since THEN {{ m.total('net - (height - lowest_since)') }}
  END AS kept
FROM (
  SELECT
    *,
    MIN(height) OVER (
      PARTITION BY cutoff, customer_id ORDER BY event_date
      ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    ) AS lowest_since
  FROM (
    SELECT
      *,
      running - LEAST(0, MIN(running) OVER (
        PARTITION BY customer_id ORDER BY event_date
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      )) AS height
    FROM (
      SELECT
        *,
        SUM(net) OVER (
          PARTITION BY customer_id ORDER BY event_date
          ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS running
      FROM (
        {{ days(schema, true) | indent(8) }}
      ) AS refunded
    ) AS summed
  ) AS reflected
  JOIN cutoffs ON event_date <= cutoff
) AS known
{%- endmacro %}

{#- Grain: cutoff, customer who was known and had a transaction by then. A customer without a
    remaining purchase day has NULL for everything that is counted from the first. -#}
{% macro histories(schema='core.') -%}
SELECT
  bought.cutoff,
  bought.customer_id,
  purchase_days,
  first_purchase_date,
  last_purchase_date,
  NULLIF(purchase_days, 0) - 1 AS repeat_days,
  CAST(DATE_DIFF('day', first_purchase_date, last_purchase_date) AS INTEGER) AS span_days,
  CAST(DATE_DIFF('day', first_purchase_date, cutoff) AS INTEGER) AS age_days,
  purchase_value,
  {{ m.total('purchase_value - first_day_value') }} AS repeat_value,
  {{ m.ratio('purchase_value - first_day_value', 'purchase_days - 1') }} AS mean_repeat_value,
  net_revenue
FROM (
  SELECT
    cutoff,
    customer_id,
    CAST(COUNT(kept) AS INTEGER) AS purchase_days,
    MIN(CASE WHEN kept IS NOT NULL THEN event_date END) AS first_purchase_date,
    MAX(CASE WHEN kept IS NOT NULL THEN event_date END) AS last_purchase_date,
    {{ m.total('SUM(kept)') }} AS purchase_value,
    MIN_BY(kept, CASE WHEN kept IS NOT NULL THEN event_date END) AS first_day_value,
    {{ m.total('SUM(net)') }} AS net_revenue
  FROM (
    {{ purchase_days(schema) | indent(4) }}
  ) AS purchases
  GROUP BY cutoff, customer_id
) AS bought
JOIN {{ schema }}customers AS customers
  ON customers.customer_id = bought.customer_id AND customers.install_date <= bought.cutoff
{%- endmacro %}

{#- Gamma-Gamma is fitted to customers with paid repeat purchases. -#}
{% macro has_value() -%}
(repeat_days > 0 AND repeat_value > 0 AND net_revenue >= 0)
{%- endmacro %}

{#- Grain: group of customers with equal histories. What models are fitted to: `purchases` counts
    customers by purchase days, `values` by mean value; the others are counts of who is left out. -#}
{% macro groups(histories) -%}
SELECT
  'purchases' AS part,
  repeat_days,
  span_days,
  age_days,
  CAST(NULL AS DOUBLE) AS mean_repeat_value,
  COUNT(*) AS customers
FROM {{ histories }}
WHERE repeat_days IS NOT NULL
GROUP BY repeat_days, span_days, age_days
UNION ALL
SELECT 'values', repeat_days, NULL, NULL, mean_repeat_value, COUNT(*)
FROM {{ histories }}
WHERE {{ has_value() }}
GROUP BY repeat_days, mean_repeat_value
UNION ALL
SELECT 'without_purchase', NULL, NULL, NULL, NULL, COUNT(*)
FROM {{ histories }}
WHERE repeat_days IS NULL
UNION ALL
SELECT 'without_value', NULL, NULL, NULL, NULL, COUNT(*)
FROM {{ histories }}
WHERE net_revenue < 0 OR (repeat_days > 0 AND repeat_value <= 0)
{%- endmacro %}

{#- Grain: origin, group of customers with equal histories and equal purchases after it. Needs a CTE
    `holdouts` (origin, ending): what was known at the end of the origin, and what the customers
    known then bought from the next day to the ending, as it was known at the end of that. In a total
    order, because sums of doubles depend on it. -#}
{% macro outcomes(schema='core.') -%}
SELECT
  histories.origin,
  histories.ending,
  repeat_days,
  span_days,
  age_days,
  CAST(purchase_value AS DOUBLE) AS purchase_value,
  mean_repeat_value,
  {{ has_value() }} AS has_value,
  COALESCE(actual_transactions, 0) AS actual_transactions,
  CAST(COALESCE(actual_spend, 0) AS DOUBLE) AS actual_spend,
  COUNT(*) AS customers
FROM (
  SELECT holdouts.origin, holdouts.ending, known.*
  FROM (
    {{ histories(schema) | indent(4) }}
  ) AS known
  JOIN holdouts ON holdouts.origin = known.cutoff
  WHERE repeat_days IS NOT NULL
) AS histories
LEFT JOIN (
  SELECT
    origin,
    customer_id,
    COUNT(kept) AS actual_transactions,
    SUM(kept) AS actual_spend
  FROM (
    {{ purchase_days(schema) | indent(4) }}
  ) AS later
  JOIN holdouts ON holdouts.ending = later.cutoff AND event_date > origin
  GROUP BY origin, customer_id
) AS bought
  ON bought.customer_id = histories.customer_id AND bought.origin = histories.origin
GROUP BY ALL
ORDER BY ALL
{%- endmacro %}

{#- Origins a holdout apart, the last holdout ending on as_of. Without a holdout it is as set, or a
    third of the history where that is less: two past forecasts are the least that make a band. -#}
{% macro rolling(schema, holdout='NULL') -%}
SELECT
  CAST($as_of AS DATE) - CAST(step * holdout AS INTEGER) AS origin,
  CAST($as_of AS DATE) - CAST((step - 1) * holdout AS INTEGER) AS ending
FROM (
  {%- for step in range(1, forecast_origins + 1) %}
  SELECT {{ step }} AS step{{ ' UNION ALL' if not loop.last }}
  {%- endfor %}
) AS steps
CROSS JOIN (
  SELECT
    MIN(event_date) AS first_day,
    COALESCE(
      CAST({{ holdout }} AS INTEGER),
      LEAST({{ forecast_holdout }}, DATE_DIFF('day', MIN(event_date), CAST($as_of AS DATE)) // 3)
    ) AS holdout
  FROM {{ schema }}transactions
) AS history
WHERE holdout > 0 AND CAST($as_of AS DATE) - CAST((step + 1) * holdout AS INTEGER) >= first_day
{%- endmacro %}
