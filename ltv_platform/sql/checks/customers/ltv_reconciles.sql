-- Grain: one row.
-- Answers: what are all transactions, and what those of customers, guests and unknown customers?
-- Other sums are a violation.
{% import 'macros/shared.sql' as m with context %}
SELECT
  (SELECT {{ m.net_revenue() }} FROM core.transactions) AS transactions,
  (
    SELECT SUM(revenue)
    FROM (
      SELECT SUM(ltv) AS revenue FROM marts.customer_ltv
      UNION ALL
      SELECT {{ m.net_revenue() }} FROM core.transactions WHERE customer_id = {{ m.guest }}
      UNION ALL
      SELECT SUM(COALESCE(waiting.gross_amount, 0) - COALESCE(waiting.refund_amount, 0))
      FROM core.waiting_for_customer AS waiting
      WHERE waiting.table_name = 'transactions' AND NOT EXISTS (
        SELECT 1 FROM core.customers AS known WHERE known.customer_id = waiting.customer_id
      )
    ) AS parts
  ) AS of_everybody
