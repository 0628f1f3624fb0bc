-- CDNOW master: one line per purchase day and basket, parted by blanks, dates as 19970101.
-- Repeated lines are separate purchases, so the id carries an ordinal within customer and day.
-- table: transactions
-- delimiter: whitespace
SELECT
  customer_id || '-' || date || '-'
    || ROW_NUMBER() OVER (PARTITION BY customer_id, date ORDER BY _line) AS transaction_id,
  customer_id,
  substr(date, 1, 4) || '-' || substr(date, 5, 2) || '-' || substr(date, 7, 2)
    AS transaction_date,
  dollar_value AS amount
FROM file
