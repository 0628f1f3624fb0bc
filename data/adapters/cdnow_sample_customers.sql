-- CDNOW sample: each customer once, registered on the day of the first purchase.
-- table: customers
-- delimiter: whitespace
-- header: no
-- columns: customer_id sample_id date number_of_cds dollar_value
SELECT
  customer_id,
  MIN(substr(date, 1, 4) || '-' || substr(date, 5, 2) || '-' || substr(date, 7, 2))
    AS registration_date,
  MIN(_line) AS _line
FROM file
GROUP BY customer_id
