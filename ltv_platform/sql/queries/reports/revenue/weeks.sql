-- Grain: one row per week (its Monday), the newest ones.
-- Answers: what did customers buy for the first time, and what did they buy later?
SELECT
  CAST(DATE_TRUNC('week', event_date) AS DATE) AS week,
  SUM(new_revenue) AS new_revenue,
  SUM(returning_revenue) AS returning_revenue
FROM {{ schema }}daily_revenue
GROUP BY week
ORDER BY week DESC
LIMIT {{ most_weeks }}
