-- Grain: one row per customer.
-- Answers: what are customers worth so far?
{% import 'macros/shared.sql' as m with context %}
SELECT
  {{ m.day('registration_date') }} AS day,
  country,
  COALESCE(segment, '(unknown)') AS segment,
  COALESCE(acquisition_source, '(unknown)') AS acquisition_source,
  CASE WHEN is_active THEN '1' WHEN NOT is_active THEN '0' ELSE '(unknown)' END AS is_active,
  1 AS customers,
  CASE WHEN total_transactions > 0 THEN 1 ELSE 0 END AS buyers,
  CASE WHEN total_orders > 1 THEN 1 ELSE 0 END AS repeat_buyers,
  total_orders AS orders,
  gross_revenue,
  refund_amount,
  ltv
FROM customer_ltv
