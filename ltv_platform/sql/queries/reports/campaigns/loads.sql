-- Grain: one row per source table.
-- Answers: what came, what was rejected, and what is still rejected?
{% import 'macros/shared.sql' as m with context %}
SELECT
  table_name, files, received, accepted, repeated,
  COALESCE(open_rows, 0) AS quarantined,
  {{ m.quotient('COALESCE(open_rows, 0)', 'received') }} AS share
FROM (
  SELECT table_name, COUNT(*) AS files, SUM(rows_received) AS received,
    SUM(rows_accepted) AS accepted, SUM(rows_repeated) AS repeated
  FROM loads
  GROUP BY table_name
) AS by_table
LEFT JOIN (
  SELECT table_name, COUNT(*) AS open_rows
  FROM quarantine
  WHERE replayed_at IS NULL AND settled_at IS NULL
  GROUP BY table_name
) AS rejected USING (table_name)
ORDER BY table_name
