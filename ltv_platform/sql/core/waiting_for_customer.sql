-- Grain: one row per feed, event day and customer who had no row on that day yet.
-- Answers: what is not in the figures of any cohort, because its customer is not known?
{% import 'macros.sql' as m with context %}
WITH events AS (
  SELECT 'transactions' AS table_name, event_date, customer_id, amount, is_refund
  FROM core.transactions
  UNION ALL
  SELECT 'interactions', event_date, customer_id, NULL, NULL FROM core.interactions
  UNION ALL
  SELECT 'sessions', event_date, user_id, NULL, NULL FROM core.sessions
  UNION ALL
  SELECT 'conversions', event_date, user_id, NULL, NULL FROM core.conversions
)
SELECT
  table_name,
  event_date,
  customer_id,
  COUNT(*) AS waiting_rows,
  {{ m.money('SUM(amount) FILTER (WHERE NOT is_refund)') }} AS gross_amount,
  {{ m.money('SUM(amount) FILTER (WHERE is_refund)') }} AS refund_amount
FROM events
WHERE NOT EXISTS (
  SELECT 1
  FROM core.customers
  WHERE customers.customer_id = events.customer_id
    -- Whoever comes later is for the presentation to find, else old days would go stale.
    AND customers.install_date <= events.event_date
)
GROUP BY table_name, event_date, customer_id
