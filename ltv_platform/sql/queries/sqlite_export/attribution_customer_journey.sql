-- Grain: one row per conversion and session.
-- Answers: what does the table attribution_customer_journey of the SQLite export contain?
SELECT conv_id, session_id, CAST(ihc AS DOUBLE) AS ihc
FROM attribution_customer_journey
ORDER BY conv_id, session_id
