-- Grain: one row.
-- Answers: is anything lost between core and the campaign tables?
-- 0 = nothing.
SELECT
  (SELECT COALESCE(SUM(net_revenue), 0) FROM revenue_reconciliation)
    - (SELECT COALESCE(SUM(CASE WHEN is_refund THEN -amount ELSE amount END), 0)
       FROM transactions) AS revenue,
  (SELECT COALESCE(SUM(spend), 0) FROM campaign_roas)
    - (SELECT COALESCE(SUM(spend), 0) FROM campaign_spend) AS spend
