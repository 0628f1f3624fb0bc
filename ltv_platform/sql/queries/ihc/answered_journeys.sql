-- Grain: one row per conversion and session that the IHC API scored.
-- Answers: what is its journey, in the form that the engines read?
-- Needs: answers (conv_id, session_id, session_ts, session_date, channel_name, the three flags, ihc).
{% import 'macros/shared.sql' as m with context %}
SELECT
  conv_id,
  session_id,
  CAST(MAX(session_ts) OVER (PARTITION BY conv_id) AS DATE) AS conversion_date,
  CAST(ROW_NUMBER() OVER journey AS INTEGER) AS position,
  CAST(COUNT(*) OVER (PARTITION BY conv_id) AS INTEGER) AS sessions_in_journey,
  session_date,
  channel_name,
  holder_engagement,
  closer_engagement,
  impression_interaction,
  {{ m.seconds('session_ts', 'MAX(session_ts) OVER (PARTITION BY conv_id)') }} AS seconds_to_last,
  {{ m.seconds('LAG(session_ts) OVER journey', 'session_ts') }} AS seconds_since_previous,
  ihc
FROM answers
WINDOW journey AS (PARTITION BY conv_id ORDER BY session_ts, session_id)
ORDER BY conv_id, position
