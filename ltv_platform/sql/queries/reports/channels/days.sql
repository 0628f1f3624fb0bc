-- Grain: one row.
-- Answers: which days are there, and up to which can no conversion credit them any more?
SELECT
  COUNT(*) FILTER (cost <> 0 OR ihc <> 0) AS used_days,
  MIN(date) AS first_day,
  MAX(date) AS last_day,
  MAX(date) FILTER (complete) AS last_complete_day
FROM channel_reporting
WHERE ($start IS NULL OR date >= $start) AND ($end IS NULL OR date <= $end)
