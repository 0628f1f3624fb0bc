-- Grain: one row per customer with a transaction.
-- Answers: on how many days did the customer buy, first and last when, and for how much?
-- Purchases on one day count as one; a refund reduces the latest purchases first.
{% import 'macros/purchases.sql' as purchases with context %}
WITH cutoffs AS (
  SELECT CAST($as_of AS DATE) AS cutoff
)
SELECT
  customer_id,
  purchase_days,
  first_purchase_date,
  last_purchase_date,
  repeat_days,
  span_days,
  age_days,
  purchase_value,
  repeat_value,
  mean_repeat_value,
  net_revenue
FROM (
  {{ purchases.histories() | indent(2) }}
) AS histories
