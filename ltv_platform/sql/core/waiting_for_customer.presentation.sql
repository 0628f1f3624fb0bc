-- Published: only customers who are still unknown; the others came after their event.
SELECT waiting.*
FROM core.waiting_for_customer AS waiting
LEFT JOIN core.customers AS customers ON customers.customer_id = waiting.customer_id
WHERE customers.customer_id IS NULL
