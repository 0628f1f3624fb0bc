-- Grain: one row per session.
-- Answers: what does the table session_sources of the SQLite export contain?
SELECT
  session_id,
  user_id,
  channel_name,
  CAST(CAST(event_ts AS DATE) AS VARCHAR) AS event_date,
  CAST(CAST(event_ts AS TIME) AS VARCHAR) AS event_time,
  CAST(holder_engagement AS INTEGER) AS holder_engagement,
  CAST(closer_engagement AS INTEGER) AS closer_engagement,
  CAST(impression_interaction AS INTEGER) AS impression_interaction
FROM sessions
ORDER BY session_id
