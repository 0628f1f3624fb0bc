-- Grain: one row per transaction, its newest version, in base currency. Rows without an exchange rate
-- are in core.waiting_for_rate instead.
-- Answers: what was bought and refunded, when and for how much?
-- The newest version of each key counts, unless it is a deletion; other currencies are converted to the
-- base currency with their newest rate at most 7 days old.
{% import 'macros/shared.sql' as m with context %}
WITH newest AS (
  {{ m.newest_versions('transactions', 'transaction_id', 'transaction_date', deleted=true) }}
),
dated AS (
  SELECT *, {{ m.day('transaction_date') }} AS event_date,
    COALESCE(currency, {{ currency | literal }}) AS source_currency
  FROM newest
),
asked AS (
  SELECT DISTINCT source_currency AS currency, event_date AS day
  FROM dated
  WHERE source_currency <> {{ currency | literal }}
    AND event_date >= $start AND event_date <= $end
),
rates AS (
  {{ m.newest_rates() }}
)
SELECT
  transaction_id,
  customer_id,
  transaction_date AS event_ts,
  event_date,
  CASE
    WHEN source_currency = {{ currency | literal }} THEN amount
    ELSE {{ m.money('amount * rates.rate') }}
  END AS amount,
  is_refund,
  order_id,
  product_category,
  transaction_type,
  payment_method,
  amount AS source_amount,
  source_currency
FROM dated
LEFT JOIN rates ON rates.currency = dated.source_currency AND rates.day = dated.event_date
WHERE event_date >= $start AND event_date <= $end AND event_date <= $as_of
  AND (source_currency = {{ currency | literal }} OR rates.rate IS NOT NULL)
