-- Grain: one row per campaign and day.
-- Answers: what is its spend, if it is below zero? A row is a violation.
SELECT campaign_id, CAST(date AS VARCHAR) AS day, CAST(SUM(spend) AS VARCHAR) AS spend
FROM core.campaign_spend
GROUP BY campaign_id, date
HAVING SUM(spend) < 0
ORDER BY campaign_id, day
