-- Grain: one row per feed.
-- Answers: which rows wait for their customer?
SELECT table_name, SUM(waiting_rows) AS waiting_rows, COUNT(DISTINCT customer_id) AS customers
FROM waiting_for_customer
GROUP BY table_name
ORDER BY table_name
