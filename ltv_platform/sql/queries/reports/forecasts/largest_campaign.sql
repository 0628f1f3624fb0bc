-- Grain: one row: the campaign with the most spend.
-- Answers: which campaign does a reader ask about first?
SELECT campaign_id
FROM campaign_summary
WHERE cohort_cost > 0
ORDER BY cohort_cost DESC, campaign_id
LIMIT 1
