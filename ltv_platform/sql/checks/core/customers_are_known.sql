-- Grain: one row per table.
-- Answers: how many of its rows wait for their customer? A row is a violation.
SELECT waiting.table_name, CAST(SUM(waiting.waiting_rows) AS BIGINT) AS waiting_rows
FROM core.waiting_for_customer AS waiting
LEFT JOIN core.customers AS customers ON customers.customer_id = waiting.customer_id
WHERE customers.customer_id IS NULL
GROUP BY waiting.table_name
ORDER BY waiting.table_name
