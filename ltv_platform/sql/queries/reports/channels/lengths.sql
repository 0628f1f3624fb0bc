-- Grain: one row per length.
-- Answers: how many sessions lead to a conversion?
SELECT sessions_in_journey AS sessions, COUNT(*) AS journeys
FROM {{ schema }}customer_journeys
WHERE position = 1
GROUP BY sessions_in_journey
ORDER BY sessions_in_journey
