-- Grain: one row.
-- Answers: do the two feeds of spend, by campaign and by session, say the same?
-- From the first to the last day that both cover, also days on which one of them has nothing; they
-- are never added up.
WITH spend AS (
  SELECT date, SUM(spend) AS spend FROM campaign_spend GROUP BY date
),
sessions AS (
  SELECT date, SUM(cost) AS cost FROM channel_reporting GROUP BY date HAVING SUM(cost) <> 0
),
covered AS (
  SELECT
    GREATEST(of_spend.first_day, of_sessions.first_day) AS first_day,
    LEAST(of_spend.last_day, of_sessions.last_day) AS last_day
  FROM (SELECT MIN(date) AS first_day, MAX(date) AS last_day FROM spend) AS of_spend
  CROSS JOIN (SELECT MIN(date) AS first_day, MAX(date) AS last_day FROM sessions) AS of_sessions
  WHERE of_spend.first_day IS NOT NULL AND of_sessions.first_day IS NOT NULL
)
SELECT
  MIN(first_day) AS first_day,
  MIN(last_day) AS last_day,
  COALESCE(GREATEST(MIN(DATE_DIFF('day', first_day, last_day)) + 1, 0), 0) AS days,
  (SELECT COALESCE(SUM(spend), 0) FROM spend JOIN covered ON date BETWEEN first_day AND last_day)
    AS campaign_costs,
  (SELECT COALESCE(SUM(cost), 0) FROM sessions JOIN covered ON date BETWEEN first_day AND last_day)
    AS session_costs
FROM covered
