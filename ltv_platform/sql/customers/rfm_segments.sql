-- Grain: one row per customer, without transactions too.
-- Answers: who bought lately, often and much, compared with the others?
-- Recency, frequency and net revenue each give a fifth, 1 to 5; those of recency and frequency
-- name the segment.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/rfm.sql' as rfm with context %}
-- As rfm.bought() over all transactions, which customer_ltv has gone through already.
WITH bought AS (
  SELECT
    customer_id,
    {{ m.day('last_transaction_date') }} AS last_date,
    total_orders AS frequency,
    ltv AS monetary
  FROM marts.customer_ltv
)
{{ rfm.scored('bought', 'CAST($as_of AS DATE)') }}
