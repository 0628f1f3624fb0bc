-- Published: adds the events whose customer was unknown on their day. Either the customer is still
-- unknown, or came later: then the events precede the install.
{% import 'macros/shared.sql' as m with context %}
SELECT
  event_date,
  bucket,
  CAST(SUM(transactions) AS BIGINT) AS transactions,
  {{ m.total('SUM(gross_revenue)') }} AS gross_revenue,
  {{ m.total('SUM(refund_amount)') }} AS refund_amount,
  {{ m.total('SUM(net_revenue)') }} AS net_revenue
FROM (
  SELECT * FROM marts.revenue_reconciliation
  UNION ALL
  SELECT
    waiting.event_date,
    CASE
      WHEN customers.customer_id IS NULL THEN '(unknown) customer'
      ELSE '(before install)'
    END,
    waiting.waiting_rows,
    COALESCE(waiting.gross_amount, 0),
    COALESCE(waiting.refund_amount, 0),
    COALESCE(waiting.gross_amount, 0) - COALESCE(waiting.refund_amount, 0)
  FROM core.waiting_for_customer AS waiting
  LEFT JOIN core.customers AS customers ON customers.customer_id = waiting.customer_id
  WHERE waiting.table_name = 'transactions'
    AND waiting.event_date >= $first AND waiting.event_date <= $last
) AS buckets
GROUP BY event_date, bucket
