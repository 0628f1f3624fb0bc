-- Grain: one row.
-- Answers: what came in during a period, and in the one before it?
SELECT
  SUM(net_revenue) FILTER (WHERE event_date BETWEEN $first_day AND $last_day) AS now,
  SUM(net_revenue) FILTER (WHERE event_date BETWEEN $first_day_before AND $last_day_before) AS before
FROM revenue_reconciliation
