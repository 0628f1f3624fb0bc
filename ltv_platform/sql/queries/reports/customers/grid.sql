-- Grain: one row per pair of scores that anybody has.
-- Answers: how many customers have them?
SELECT r_score, f_score, segment, COUNT(*) AS customers
FROM {{ schema }}rfm_segments
WHERE r_score IS NOT NULL
GROUP BY r_score, f_score, segment
ORDER BY r_score, f_score
