-- UCI Online Retail: one line per item of an invoice; a negative quantity gives money back.
-- Amounts stay in the file's own currency, taken as the base currency. A negative price is no
-- refund but an adjustment of bad debt: its sign decides like that of a quantity.
-- table: transactions
SELECT
  InvoiceNo || '-' || ROW_NUMBER() OVER (PARTITION BY InvoiceNo ORDER BY _line)
    AS transaction_id,
  regexp_replace(CustomerID, '\.0$', '') AS customer_id,
  InvoiceDate AS transaction_date,
  ABS(TRY_CAST(Quantity AS DECIMAL(18,0)) * TRY_CAST(UnitPrice AS DECIMAL(12,4))) AS amount,
  TRY_CAST(Quantity AS DECIMAL(18,0)) * TRY_CAST(UnitPrice AS DECIMAL(12,4)) < 0 AS is_refund,
  InvoiceNo AS order_id,
  StockCode AS product_category,
  CASE
    WHEN TRY_CAST(Quantity AS DECIMAL(18,0)) * TRY_CAST(UnitPrice AS DECIMAL(12,4)) < 0 THEN 'refund'
    ELSE 'purchase'
  END AS transaction_type
FROM file
