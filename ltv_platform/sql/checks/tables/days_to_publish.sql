-- Grain: one row.
-- Answers: which days of the tables were written since the last snapshot, from when to when?
SELECT MIN(day) AS first, MAX(day) AS last
FROM raw.built
WHERE asset IN $tables AND seq > (
  SELECT COALESCE(MAX(seq), 0) FROM raw.built WHERE asset = $snapshot
)
