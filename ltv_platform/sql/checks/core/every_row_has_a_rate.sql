-- Grain: one row.
-- Answers: how many rows wait for a rate, and of which currencies? Any is a violation.
SELECT
  COALESCE(SUM(waiting_rows), 0) AS waiting_rows,
  STRING_AGG(DISTINCT currency, ', ' ORDER BY currency) AS currencies
FROM core.waiting_for_rate
