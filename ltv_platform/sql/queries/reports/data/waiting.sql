-- Grain: one row per feed and what its rows wait for.
-- Answers: which accepted rows are not in the figures yet?
SELECT
  table_name,
  'an exchange rate of ' || currency AS waits_for,
  SUM(waiting_rows) AS waiting_rows,
  MIN(event_date) AS first_day,
  MAX(event_date) AS last_day
FROM waiting_for_rate
GROUP BY table_name, currency
UNION ALL
SELECT
  table_name,
  'a customer who is not loaded',
  SUM(waiting_rows),
  MIN(event_date),
  MAX(event_date)
FROM waiting_for_customer
GROUP BY table_name
ORDER BY waiting_rows DESC, table_name, waits_for
