-- Grain: one row per source with a load.
-- Answers: what was received, accepted and rejected, and when was the last load?
SELECT
  loads.table_name,
  COUNT(*) AS files,
  SUM(rows_received) AS received,
  SUM(rows_accepted) AS accepted,
  SUM(rows_repeated) AS repeated,
  COALESCE(ANY_VALUE(open_rows), 0) AS quarantined,
  MAX(loaded_at) AS last_loaded_at
FROM loads
LEFT JOIN (
  SELECT table_name, COUNT(*) AS open_rows
  FROM quarantine
  WHERE replayed_at IS NULL AND settled_at IS NULL
  GROUP BY table_name
) AS rejected ON rejected.table_name = loads.table_name
GROUP BY loads.table_name
ORDER BY loads.table_name
