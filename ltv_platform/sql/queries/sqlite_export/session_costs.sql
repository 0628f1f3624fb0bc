-- Grain: one row per session.
-- Answers: what does the table session_costs of the SQLite export contain?
SELECT session_id, CAST(cost AS DOUBLE) AS cost
FROM sessions
ORDER BY session_id
