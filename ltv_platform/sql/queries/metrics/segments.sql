-- Grain: one row per customer.
-- Answers: who bought recently, often and a lot?
{% import 'macros/shared.sql' as m with context %}
SELECT
  {{ m.day('customer.registration_date') }} AS day,
  rfm.segment AS rfm_segment,
  customer.country,
  COALESCE(customer.segment, '(unknown)') AS segment,
  COALESCE(customer.acquisition_source, '(unknown)') AS acquisition_source,
  1 AS customers,
  CASE WHEN rfm.r_score IS NOT NULL THEN 1 ELSE 0 END AS ranked,
  rfm.recency_days,
  rfm.frequency,
  rfm.monetary
FROM rfm_segments AS rfm
JOIN customer_ltv AS customer ON customer.customer_id = rfm.customer_id
