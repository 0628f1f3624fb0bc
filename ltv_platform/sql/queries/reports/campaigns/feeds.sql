-- Grain: one row.
-- Answers: do the two feeds of spend, by campaign and by session, say the same?
-- Over the days that both cover; they are never added up.
WITH spend AS (
  SELECT date, SUM(spend) AS spend FROM campaign_spend GROUP BY date
),
sessions AS (
  SELECT date, SUM(cost) AS cost FROM channel_reporting GROUP BY date HAVING SUM(cost) <> 0
)
SELECT
  MIN(spend.date) AS first_day,
  MAX(spend.date) AS last_day,
  COUNT(*) AS days,
  SUM(spend) AS campaign_costs,
  SUM(cost) AS session_costs
FROM spend
JOIN sessions ON sessions.date = spend.date
