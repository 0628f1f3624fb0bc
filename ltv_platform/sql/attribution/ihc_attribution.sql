-- Grain: one row per conversion and session that IHC scored.
-- Answers: who initiated, held and closed the conversion?
{% import 'attribution/ihc_local.sql' as local with context %}
WITH scored AS (
  {{ local.scores('marts.customer_journeys') | indent(2) }}
)
SELECT
  conv_id,
  session_id,
  conversion_date,
  initializer,
  holder,
  closer,
  ihc,
  'local' AS engine,
  {{ attribution.preset | literal }} AS preset,
  {{ attribution.hash('ihc') | literal }} AS params_hash
FROM scored
