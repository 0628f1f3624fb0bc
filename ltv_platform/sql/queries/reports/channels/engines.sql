-- Grain: one row per engine and preset.
-- Answers: who scored how many journeys?
SELECT engine, preset, COUNT(DISTINCT conv_id) AS journeys
FROM ihc_attribution
GROUP BY engine, preset
ORDER BY journeys DESC, engine
