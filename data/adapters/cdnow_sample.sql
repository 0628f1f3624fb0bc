-- CDNOW sample: as the master, with the customer's number in the sample and without a header.
-- Repeated lines are separate purchases, so the id carries an ordinal within customer and day.
-- table: transactions
-- delimiter: whitespace
-- header: no
-- columns: customer_id sample_id date number_of_cds dollar_value
SELECT
  customer_id || '-' || date || '-'
    || ROW_NUMBER() OVER (PARTITION BY customer_id, date ORDER BY _line) AS transaction_id,
  customer_id,
  substr(date, 1, 4) || '-' || substr(date, 5, 2) || '-' || substr(date, 7, 2)
    AS transaction_date,
  dollar_value AS amount
FROM file
