-- Grain: one row.
-- Answers: how many journeys hold as many sessions as they may? Each of them is a violation.
SELECT COUNT(*) AS full_journeys
FROM marts.customer_journeys
WHERE position = 1 AND sessions_in_journey >= $most
