-- Grain: one row per feed, day, currency without a rate from the last 7 days, and campaign or customer
-- of the rows.
-- Answers: what is not in the figures yet, because its exchange rate is unknown?
{% import 'macros/shared.sql' as m with context %}
WITH newest_transactions AS (
  {{ m.newest_versions('transactions', 'transaction_id', 'transaction_date', deleted=true) }}
),
foreign_rows AS (
  SELECT 'transactions' AS table_name, {{ m.day('transaction_date') }} AS event_date, currency,
    customer_id AS owner, transaction_date AS event_ts, amount, is_refund
  FROM newest_transactions
  WHERE currency <> {{ currency | literal }}
  UNION ALL
  SELECT 'campaign_costs', date, currency, campaign_id, NULL, cost, FALSE
  FROM ({{ m.newest_spend() }}) AS newest_costs
  WHERE currency <> {{ currency | literal }}
),
asked AS (
  SELECT DISTINCT currency, event_date AS day FROM foreign_rows
),
rates AS (
  {{ m.newest_rates() }}
)
SELECT
  table_name,
  event_date,
  foreign_rows.currency,
  owner,
  MIN(event_ts) AS event_ts,
  MAX(event_ts) AS last_event_ts,
  COUNT(*) AS waiting_rows,
  {{ m.total('COALESCE(SUM(amount) FILTER (WHERE NOT is_refund), 0)') }} AS gross_amount,
  {{ m.total('COALESCE(SUM(amount) FILTER (WHERE is_refund), 0)') }} AS refund_amount
FROM foreign_rows
LEFT JOIN rates
  ON rates.currency = foreign_rows.currency AND rates.day = foreign_rows.event_date
WHERE event_date >= $start AND event_date <= $end AND event_date <= $as_of
  AND rates.rate IS NULL
GROUP BY table_name, event_date, foreign_rows.currency, owner
