-- Grain: one row.
-- Answers: is anything lost between core and the campaign tables? 0 = nothing.
{% import 'macros/shared.sql' as m with context %}
SELECT
  (SELECT COALESCE(SUM(net_revenue), 0) FROM revenue_reconciliation)
    - (SELECT COALESCE({{ m.net_revenue() }}, 0) FROM transactions) AS revenue,
  (SELECT COALESCE(SUM(spend), 0) FROM campaign_roas)
    - (SELECT COALESCE(SUM(spend), 0) FROM campaign_spend) AS spend
