-- Grain: one row per conversion and session of the journeys of a request.
-- Answers: how does the simulator of the IHC API score them?
-- Not a table: attribution/ihc_api/simulator/scores.py runs it on the journeys it receives.
{% import 'macros/ihc_local.sql' as local with context %}
SELECT conv_id, session_id, initializer, holder, closer, ihc
FROM (
  {{ local.scores('journeys') | indent(2) }}
) AS scored
ORDER BY conv_id, session_id
