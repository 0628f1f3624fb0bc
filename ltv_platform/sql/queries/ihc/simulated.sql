-- Grain: one row per conversion and session of the journeys of a request.
-- Answers: what does the simulator of the IHC API say of them?
-- Reads the journeys that the simulator was sent.
{% import 'macros/ihc_local.sql' as local with context %}
SELECT conv_id, session_id, initializer, holder, closer, ihc
FROM (
  {{ local.scores('journeys') | indent(2) }}
) AS scored
ORDER BY conv_id, session_id
