-- Grain: one row per conversion.
-- Answers: what does the table conversions of the SQLite export contain?
SELECT
  conv_id,
  user_id,
  CAST(CAST(event_ts AS DATE) AS VARCHAR) AS conv_date,
  CAST(CAST(event_ts AS TIME) AS VARCHAR) AS conv_time,
  CAST(revenue AS DOUBLE) AS revenue
FROM conversions
ORDER BY conv_id
