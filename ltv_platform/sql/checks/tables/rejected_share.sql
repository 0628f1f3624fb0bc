-- Grain: one row.
-- Answers: how many rows did a source receive, and how many are in quarantine?
SELECT
  COALESCE(SUM(rows_received), 0) AS received,
  (
    SELECT COUNT(*)
    FROM raw.quarantine
    WHERE table_name = $source AND replayed_at IS NULL AND settled_at IS NULL
  ) AS quarantined
FROM raw.loads
WHERE table_name = $source
