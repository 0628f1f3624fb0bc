-- Grain: one row per feed, event day and customer without a row on that day.
-- Answers: what is not in the figures of any cohort, because its customer is unknown?
-- A customer who registers later is found on publishing; a guest never registers.
{% import 'macros/shared.sql' as m with context %}
WITH events AS (
  SELECT 'transactions' AS table_name, event_date, customer_id, amount, is_refund
  FROM core.transactions
  WHERE customer_id <> {{ m.guest }}
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
  events.customer_id,
  COUNT(*) AS waiting_rows,
  {{ m.total('SUM(amount) FILTER (WHERE NOT is_refund)') }} AS gross_amount,
  {{ m.total('SUM(amount) FILTER (WHERE is_refund)') }} AS refund_amount
FROM events
-- The presentation finds customers who come later; otherwise earlier days would become stale.
LEFT JOIN core.customers AS customers
  ON customers.customer_id = events.customer_id AND customers.install_date <= events.event_date
WHERE customers.customer_id IS NULL
GROUP BY table_name, event_date, events.customer_id
