-- Grain: one row per engine.
-- Answers: how many journeys did it score? More than one row is a violation.
SELECT engine, COUNT(DISTINCT conv_id) AS journeys
FROM marts.ihc_attribution
GROUP BY engine
ORDER BY engine
