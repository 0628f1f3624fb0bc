-- Grain: one row per customer, without transactions too.
-- Answers: what is the customer worth so far?
{% import 'macros.sql' as m with context %}
WITH bought AS (
  SELECT
    customer_id,
    COUNT(*) FILTER (WHERE NOT is_refund) AS total_transactions,
    COUNT(DISTINCT CASE WHEN NOT is_refund THEN {{ m.order_of('t') }} END) AS total_orders,
    COUNT(*) FILTER (WHERE is_refund) AS total_refunds,
    {{ m.money('COALESCE(SUM(amount) FILTER (WHERE NOT is_refund), 0)') }} AS gross_revenue,
    {{ m.money('COALESCE(SUM(amount) FILTER (WHERE is_refund), 0)') }} AS refund_amount,
    MIN(event_ts) FILTER (WHERE NOT is_refund) AS first_transaction_date,
    MAX(event_ts) FILTER (WHERE NOT is_refund) AS last_transaction_date
  FROM core.transactions AS t
  GROUP BY customer_id
)
SELECT
  c.customer_id,
  c.install_ts AS registration_date,
  c.country,
  c.segment,
  c.acquisition_source,
  c.is_active,
  COALESCE(total_transactions, 0) AS total_transactions,
  COALESCE(total_orders, 0) AS total_orders,
  COALESCE(total_refunds, 0) AS total_refunds,
  {{ m.money('COALESCE(gross_revenue, 0)') }} AS gross_revenue,
  {{ m.money('COALESCE(refund_amount, 0)') }} AS refund_amount,
  {{ m.money('COALESCE(gross_revenue - refund_amount, 0)') }} AS ltv,
  {{ m.ratio('gross_revenue - refund_amount', 'total_orders') }} AS avg_order_value,
  first_transaction_date,
  last_transaction_date,
  CAST(DATE_DIFF('day', c.install_date, CAST($as_of AS DATE)) AS INTEGER) AS tenure_days
FROM core.customers AS c
LEFT JOIN bought ON bought.customer_id = c.customer_id
