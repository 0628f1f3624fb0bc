-- Grain: one row per event day, campaign and country of the customer.
-- Answers: what came in on a day, and how much of it from customers who bought for the first time?
-- Purchases and refunds count on their own day; a customer is new on the day of the first purchase,
-- and returning from the next day on.
{% import 'macros/shared.sql' as m with context %}
{% set unknown = "'(unknown) customer'" %}
WITH first_purchases AS (
  SELECT customer_id, MIN(event_date) AS first_purchase_date
  FROM core.transactions
  WHERE NOT is_refund AND customer_id <> {{ m.guest }}
    AND customer_id IN (SELECT customer_id FROM core.transactions WHERE event_date >= $start)
  GROUP BY customer_id
),
events AS (
  SELECT event_date, customer_id, amount, is_refund, 0 AS waiting_rows
  FROM core.transactions
  WHERE event_date >= $start
  UNION ALL
  SELECT event_date, owner, NULL, NULL, waiting_rows
  FROM core.waiting_for_rate
  WHERE table_name = 'transactions'
),
placed AS (
  SELECT
    events.*,
    CASE
      WHEN events.customer_id = {{ m.guest }} THEN {{ m.guest }}
      ELSE COALESCE(customers.campaign_id, {{ unknown }})
    END AS campaign_id,
    COALESCE(customers.country, '(unknown)') AS country,
    NOT is_refund AND event_date = first_purchase_date AS is_new,
    NOT is_refund AND event_date > first_purchase_date AS is_returning
  FROM events
  LEFT JOIN core.customers AS customers
    ON customers.customer_id = events.customer_id AND customers.install_date <= events.event_date
  LEFT JOIN first_purchases ON first_purchases.customer_id = events.customer_id
)
SELECT
  event_date,
  campaign_id,
  country,
  COUNT(*) FILTER (WHERE NOT is_refund) AS purchases,
  COUNT(*) FILTER (WHERE is_refund) AS total_refunds,
  {{ m.total('COALESCE(SUM(amount) FILTER (WHERE NOT is_refund), 0)') }} AS gross_revenue,
  {{ m.total('COALESCE(SUM(amount) FILTER (WHERE is_refund), 0)') }} AS refund_amount,
  {{ m.total('COALESCE(' ~ m.net_revenue() ~ ', 0)') }} AS net_revenue,
  {{ m.total('COALESCE(SUM(amount) FILTER (WHERE is_new), 0)') }} AS new_revenue,
  {{ m.total('COALESCE(SUM(amount) FILTER (WHERE is_returning), 0)') }} AS returning_revenue,
  COUNT(DISTINCT customer_id) FILTER (WHERE is_new) AS new_payers,
  COUNT(DISTINCT customer_id)
    FILTER (WHERE NOT is_refund AND customer_id <> {{ m.guest }}) AS payers_of_day,
  CAST(SUM(waiting_rows) AS BIGINT) AS waiting_rows
FROM placed
GROUP BY event_date, campaign_id, country
