-- Grain: one row per pair of segments that differ.
-- Answers: where did customers move?
SELECT from_segment, to_segment, from_date, to_date, customers, monetary
FROM rfm_migration
WHERE from_segment <> to_segment AND from_segment <> '(new)'
ORDER BY customers DESC, from_segment, to_segment
LIMIT {{ most_moves }}
