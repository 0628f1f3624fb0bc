-- Grain: one row per bucket, the total (bucket NULL) last.
-- Answers: where did revenue end up?
SELECT
  bucket,
  SUM(transactions) AS transactions,
  SUM(gross_revenue) AS gross,
  SUM(refund_amount) AS refunds,
  SUM(net_revenue) AS net
FROM revenue_reconciliation
GROUP BY ROLLUP (bucket)
ORDER BY bucket IS NULL, bucket <> 'campaigns', bucket
