-- Grain: one row per level of a factor, one of all customers, and (factor NULL) one per pattern of
-- levels over all factors of the model.
-- Answers: what did customers with something in common bring in after their first days?
-- The SELECT counts and sums; factors/influence.py computes the table from its rows.
-- Behavior covers the first days and the target the days after them; otherwise early purchases would
-- explain themselves.
{% import 'macros/shared.sql' as m with context %}
{%- set every = factor.factors + factor.outcomes %}
{#- The level of a column with the highest weight per customer; among equals, the first by name. -#}
{% macro foremost(column, weight, rows) -%}
SELECT customer_id, level
FROM (
  SELECT customer_id, COALESCE({{ column }}, '(unknown)') AS level, {{ weight }} AS weight
  FROM {{ rows }}
  GROUP BY customer_id, COALESCE({{ column }}, '(unknown)')
) AS weighed
QUALIFY ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY weight DESC, level) = 1
{%- endmacro %}
WITH mature AS (
  SELECT *
  FROM core.customers
  WHERE {{ m.mature('install_date', factor.last_day) }}
    AND customer_id NOT IN (
      -- Some of what they bought waits for a rate.
      SELECT c.customer_id
      FROM core.customers AS c
      JOIN core.waiting_for_rate AS w ON w.owner = c.customer_id AND w.table_name = 'transactions'
      WHERE {{ m.waits_after_install('w', 'c') }}
        AND {{ m.age_day('w', 'c') }} < {{ factor.last_day }}
    )
),
transactions AS (
  SELECT
    t.customer_id, t.amount, t.is_refund, t.product_category, t.payment_method,
    {{ m.age_day('t', 'c') }} < {{ factor.first_days }} AS is_first
  FROM mature AS c
  JOIN core.transactions AS t ON t.customer_id = c.customer_id
  WHERE {{ m.after_install('t', 'c') }} AND {{ m.age_day('t', 'c') }} < {{ factor.last_day }}
),
purchases AS (
  SELECT * FROM transactions WHERE is_first AND NOT is_refund
),
interactions AS (
  SELECT t.customer_id, t.interaction_type, t.channel, t.satisfaction_score
  FROM mature AS c
  JOIN core.interactions AS t ON t.customer_id = c.customer_id
  WHERE {{ m.after_install('t', 'c') }} AND {{ m.age_day('t', 'c') }} < {{ factor.first_days }}
),
targets AS (
  SELECT
    customer_id,
    {{ m.total(m.net_revenue()) }} AS revenue,
    COUNT(*) FILTER (WHERE NOT is_refund) AS transactions
  FROM transactions
  WHERE NOT is_first
  GROUP BY customer_id
),
categories AS (
  {{ foremost('product_category', 'SUM(amount)', 'purchases') }}
),
payment_methods AS (
  {{ foremost('payment_method', 'SUM(amount)', 'purchases') }}
),
interaction_types AS (
  {{ foremost('interaction_type', 'COUNT(*)', 'interactions') }}
),
channels AS (
  {{ foremost('channel', 'COUNT(*)', 'interactions') }}
),
scores AS (
  SELECT customer_id, {{ m.ratio('SUM(satisfaction_score)', 'COUNT(satisfaction_score)') }} AS score
  FROM interactions
  GROUP BY customer_id
),
facts AS (
  SELECT
    c.country,
    COALESCE(c.city, '(unknown)') AS city,
    CASE
      WHEN c.age IS NULL THEN '(unknown)'
      WHEN c.age < 18 THEN '0-17'
      WHEN c.age < 25 THEN '18-24'
      WHEN c.age < 35 THEN '25-34'
      WHEN c.age < 45 THEN '35-44'
      WHEN c.age < 55 THEN '45-54'
      WHEN c.age < 65 THEN '55-64'
      ELSE '65+'
    END AS age_band,
    COALESCE(c.gender, '(unknown)') AS gender,
    COALESCE(c.acquisition_source, '(unknown)') AS acquisition_source,
    COALESCE(c.segment, '(unknown)') AS segment,
    COALESCE(categories.level, '(none)') AS product_category,
    COALESCE(payment_methods.level, '(none)') AS payment_method,
    COALESCE(interaction_types.level, '(none)') AS interaction_type,
    COALESCE(channels.level, '(none)') AS channel,
    CASE
      WHEN score IS NULL THEN '(none)'
      WHEN score < 2.5 THEN '1 to below 2.5'
      WHEN score < 3.5 THEN '2.5 to below 3.5'
      WHEN score < 4.5 THEN '3.5 to below 4.5'
      ELSE '4.5 to 5'
    END AS satisfaction,
    CASE WHEN c.is_active IS NULL THEN '(unknown)' WHEN c.is_active THEN 'yes' ELSE 'no' END
      AS is_active,
    {{ m.total('GREATEST(COALESCE(revenue, 0), 0)') }} AS target,
    COALESCE(revenue, 0) < 0 AS is_floored,
    COALESCE(targets.transactions, 0) AS transactions
  FROM mature AS c
  LEFT JOIN targets ON targets.customer_id = c.customer_id
  LEFT JOIN categories ON categories.customer_id = c.customer_id
  LEFT JOIN payment_methods ON payment_methods.customer_id = c.customer_id
  LEFT JOIN interaction_types ON interaction_types.customer_id = c.customer_id
  LEFT JOIN channels ON channels.customer_id = c.customer_id
  LEFT JOIN scores ON scores.customer_id = c.customer_id
)
SELECT
  -- One bit per column, the first the highest, is set if the row is not grouped by it.
  CASE GROUPING_ID({{ every | join(', ') }})
  {%- for name in every %}
    WHEN {{ 2 ** (every | length) - 1 - 2 ** (every | length - loop.index) }} THEN '{{ name }}'
  {%- endfor %}
    WHEN {{ 2 ** (every | length) - 1 }} THEN '(all)'
  END AS factor,
  COALESCE({{ every | join(', ') }}, '(all)') AS level,
  COUNT(*) AS customers,
  COUNT(*) FILTER (WHERE target > 0) AS payers,
  COUNT(*) FILTER (WHERE is_floored) AS floored_customers,
  SUM(target) AS revenue,
  -- A product of two DECIMAL(18,6) has no more than 18 digits here.
  CAST(SUM(CAST(target AS DECIMAL(20,6)) * target) AS DOUBLE) AS squares,
  {{ m.total('MEDIAN(target)') }} AS median_ltv,
  CAST(SUM(transactions) AS BIGINT) AS transactions,
  (SELECT COUNT(*) FROM core.customers) AS known_customers,
  {{ factor.min_customers }} AS min_customers,
  {{ every | join(',
  ') }}
FROM facts
GROUP BY GROUPING SETS (
  {%- for name in every %}
  ({{ name }}),
  {%- endfor %}
  ({{ factor.factors | join(', ') }}),
  ()
)
