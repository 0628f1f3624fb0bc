-- Grain: one row per channel and day.
-- Answers: what does the table channel_reporting of the SQLite export contain?
SELECT
  channel_name,
  CAST(date AS VARCHAR) AS date,
  CAST(cost AS DOUBLE) AS cost,
  CAST(ihc AS DOUBLE) AS ihc,
  CAST(ihc_revenue AS DOUBLE) AS ihc_revenue,
  "CPO",
  "ROAS"
FROM channel_reporting
ORDER BY channel_name, date
