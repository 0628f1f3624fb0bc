-- Grain: one row per load, the newest ones.
-- Answers: which files came last, and what became of their rows?
SELECT
  loaded_at,
  table_name,
  source_file,
  adapter,
  rows_received,
  rows_accepted,
  rows_repeated,
  rows_quarantined,
  rows_skipped
FROM loads
ORDER BY loaded_at DESC, table_name, source_file, load_id
LIMIT {{ most_loads }}
