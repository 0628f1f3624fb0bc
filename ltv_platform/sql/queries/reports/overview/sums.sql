-- Grain: one row.
-- Answers: how much does this snapshot know?
SELECT
  (SELECT COUNT(*) FROM customers) AS customers,
  (SELECT COUNT(*) FROM transactions) AS transactions,
  (SELECT SUM(spend) FROM campaign_spend) AS spend,
  (SELECT SUM(net_revenue) FROM revenue_reconciliation) AS revenue,
  (SELECT COUNT(*) FROM quarantine WHERE replayed_at IS NULL AND settled_at IS NULL) AS quarantined
