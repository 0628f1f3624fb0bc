-- Grain: one row.
-- Answers: what are all customers worth so far?
{% import 'macros/shared.sql' as m with context %}
SELECT
  COUNT(*) AS customers,
  COUNT(*) FILTER (total_orders > 0) AS buyers,
  COUNT(*) FILTER (total_orders > 1) AS repeat_buyers,
  SUM(ltv) AS ltv,
  SUM(refund_amount) AS refunds,
  {{ m.quotient('SUM(ltv)', 'COUNT(*)') }} AS avg_ltv,
  MEDIAN(ltv) AS median_ltv,
  {{ m.quotient('SUM(ltv)', 'SUM(total_orders)') }} AS avg_order_value,
  {{ m.quotient('SUM(total_orders)', 'COUNT(*) FILTER (total_orders > 0)') }} AS orders_per_buyer,
  CAST(MIN(registration_date) AS DATE) AS first_day,
  CAST(MAX(registration_date) AS DATE) AS last_day
FROM customer_ltv
