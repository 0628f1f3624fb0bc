-- Grain: one row per feed and currency.
-- Answers: what waits for an exchange rate?
SELECT
  table_name, currency,
  SUM(waiting_rows) AS waiting_rows,
  SUM(gross_amount - refund_amount) AS amount,
  MIN(event_date) AS first_day,
  MAX(event_date) AS last_day
FROM waiting_for_rate
GROUP BY table_name, currency
ORDER BY table_name, currency
