-- Grain: one row per group of subscribers with equal numbers of renewals due and made.
-- Answers: how many renewals came due by the end of $as_of, and how many were made without a gap?
-- Renewal n is a purchase that lies nearer to n periods of $days after the first one than to any
-- other renewal; it is due when no later day can be one. Reads the snapshot.
{% import 'macros/purchases.sql' as purchases with context %}
WITH transactions AS (
  SELECT * FROM transactions WHERE $category IS NULL OR product_category = $category
),
cutoffs AS (
  SELECT CAST($as_of AS DATE) AS cutoff
),
subscribers AS (
  SELECT
    customer_id,
    first_purchase_date,
    CAST(GREATEST(FLOOR((age_days + 1) / CAST($days AS DOUBLE) - 0.5), 0) AS INTEGER) AS due
  FROM (
    {{ purchases.histories('') | indent(4) }}
  ) AS known
  WHERE first_purchase_date IS NOT NULL
),
renewals AS (
  SELECT
    customer_id,
    CAST(FLOOR(
      DATE_DIFF('day', first_purchase_date, event_date) / CAST($days AS DOUBLE) + 0.5
    ) AS INTEGER) AS renewal
  FROM (
    {{ purchases.purchase_days('') | indent(4) }}
  ) AS days
  JOIN subscribers USING (customer_id)
  WHERE kept IS NOT NULL
  GROUP BY ALL
),
made AS (
  SELECT customer_id, COUNT(*) AS made
  FROM (
    SELECT
      customer_id,
      renewal,
      ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY renewal) - 1 AS position
    FROM renewals
  ) AS numbered
  WHERE renewal = position AND renewal > 0
  GROUP BY customer_id
)
SELECT due, LEAST(due, COALESCE(made, 0)) AS made, COUNT(*) AS subscribers
FROM subscribers
LEFT JOIN made USING (customer_id)
GROUP BY ALL
ORDER BY ALL
