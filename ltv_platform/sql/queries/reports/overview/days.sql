-- Grain: one row per install date.
-- Answers: what is known about each generation, so that two snapshots can be compared?
-- Revenue is NULL until every cohort of the day is mature.
SELECT
  install_date,
  SUM(installs) AS installs,
  SUM(spend) AS spend,
  CASE WHEN COUNT(revenue_d{{ summary_horizon }}) = COUNT(*)
    THEN SUM(revenue_d{{ summary_horizon }}) END AS revenue
FROM campaign_roas
GROUP BY install_date
ORDER BY install_date
