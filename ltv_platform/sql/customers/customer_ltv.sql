-- Grain: one row per customer, including those without transactions.
-- Answers: what is the customer worth so far?
-- All purchases minus all refunds of the customer, at any time.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/rfm.sql' as rfm with context %}
-- The customers that count: filters apply here, before anything is added up.
WITH chosen AS (
  SELECT customer_id, install_ts, install_date, country, segment, acquisition_source, is_active
  FROM core.customers
),
bought AS (
  SELECT
    customer_id,
    COUNT(*) FILTER (WHERE NOT is_refund) AS total_transactions,
    COUNT(*) FILTER (WHERE is_refund) AS total_refunds,
    COALESCE(SUM(amount) FILTER (WHERE NOT is_refund), 0) AS gross_revenue,
    COALESCE(SUM(amount) FILTER (WHERE is_refund), 0) AS refund_amount,
    MIN(event_ts) FILTER (WHERE NOT is_refund) AS first_transaction_date,
    MAX(event_ts) FILTER (WHERE NOT is_refund) AS last_transaction_date
  FROM core.transactions
  GROUP BY customer_id
),
ordered AS (
  {{ rfm.orders() }}
)
SELECT
  chosen.customer_id,
  chosen.install_ts AS registration_date,
  chosen.country,
  chosen.segment,
  chosen.acquisition_source,
  chosen.is_active,
  COALESCE(bought.total_transactions, 0) AS total_transactions,
  COALESCE(ordered.orders, 0) AS total_orders,
  COALESCE(bought.total_refunds, 0) AS total_refunds,
  {{ m.total('COALESCE(bought.gross_revenue, 0)') }} AS gross_revenue,
  {{ m.total('COALESCE(bought.refund_amount, 0)') }} AS refund_amount,
  {{ m.total('COALESCE(bought.gross_revenue - bought.refund_amount, 0)') }} AS ltv,
  {{ m.ratio(m.total('bought.gross_revenue - bought.refund_amount'), 'ordered.orders') }}
    AS avg_order_value,
  bought.first_transaction_date,
  bought.last_transaction_date,
  CAST(DATE_DIFF('day', chosen.install_date, CAST($as_of AS DATE)) AS INTEGER) AS tenure_days
FROM chosen
LEFT JOIN bought ON bought.customer_id = chosen.customer_id
LEFT JOIN ordered ON ordered.customer_id = chosen.customer_id
