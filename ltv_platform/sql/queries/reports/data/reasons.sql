-- Grain: one row per source and kind of reason.
-- Answers: why are rows in quarantine, and where is one of them?
-- Values in quotes are left out: a reason may name the same for any of them, and they may be personal.
SELECT
  table_name,
  REGEXP_REPLACE(reason, '''[^'']*''', '…', 'g') AS reason,
  COUNT(*) AS waiting_rows,
  ARG_MAX(source_file, quarantined_at) AS source_file,
  ARG_MAX(line, quarantined_at) AS line,
  MAX(quarantined_at) AS newest
FROM (
  SELECT table_name, UNNEST(reasons) AS reason, source_file, line, quarantined_at
  FROM quarantine
  WHERE replayed_at IS NULL AND settled_at IS NULL
) AS rejected
GROUP BY table_name, REGEXP_REPLACE(reason, '''[^'']*''', '…', 'g')
ORDER BY waiting_rows DESC, table_name, reason
LIMIT {{ most_reasons }}
