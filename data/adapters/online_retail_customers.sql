-- UCI Online Retail: each customer once, registered with the first invoice; lines without a
-- customer are left out.
-- table: customers
SELECT
  regexp_replace(CustomerID, '\.0$', '') AS customer_id,
  MIN(InvoiceDate) AS registration_date,
  ARG_MIN(Country, _line) AS country,
  MIN(_line) AS _line
FROM file
WHERE CustomerID IS NOT NULL AND CustomerID <> ''
GROUP BY 1
