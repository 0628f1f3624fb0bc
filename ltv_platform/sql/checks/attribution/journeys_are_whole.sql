-- Grain: one row.
-- Answers: how many journeys have reached the maximum number of sessions? Each of them is a
-- violation.
SELECT COUNT(*) AS full_journeys
FROM marts.customer_journeys
WHERE position = 1 AND sessions_in_journey >= $most
