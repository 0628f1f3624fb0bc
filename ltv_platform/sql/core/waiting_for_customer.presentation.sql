-- Published: only customers who are still unknown; others have come after their event.
SELECT *
FROM core.waiting_for_customer
WHERE customer_id NOT IN (SELECT customer_id FROM core.customers)
