-- Grain: one row per segment given by the source, the most important ones.
-- Answers: which segments can a page be restricted to?
SELECT segment AS value, segment AS label
FROM (
  SELECT COALESCE(segment, '(unknown)') AS segment, COUNT(*) AS customers
  FROM customer_ltv
  GROUP BY COALESCE(segment, '(unknown)')
) AS segments
ORDER BY customers DESC, segment
LIMIT {{ most_choices }}
