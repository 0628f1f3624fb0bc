-- Grain: one row per conversion and session that the IHC API scored.
-- Answers: how does the local engine score it?
{% import 'macros/ihc_local.sql' as local with context %}
WITH scored AS (
  {{ local.scores('journeys') | indent(2) }}
)
SELECT CAST(scored.ihc AS DOUBLE) AS ihc
FROM scored
JOIN journeys ON journeys.conv_id = scored.conv_id AND journeys.session_id = scored.session_id
ORDER BY scored.conv_id, journeys.position
