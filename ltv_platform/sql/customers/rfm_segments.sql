-- Grain: one row per customer, including those without transactions.
-- Answers: who bought recently, often and a lot, compared with other customers?
-- Recency, frequency and net revenue are each scored 1 to 5 by fifths; recency and frequency decide the
-- segment.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/rfm.sql' as rfm with context %}
-- Like rfm.bought() over all transactions, but from customer_ltv, which has already read them.
WITH bought AS (
  SELECT
    customer_id,
    {{ m.day('last_transaction_date') }} AS last_date,
    total_orders AS frequency,
    ltv AS monetary
  FROM marts.customer_ltv
)
{{ rfm.scored('bought', 'CAST($as_of AS DATE)') }}
