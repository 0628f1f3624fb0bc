-- Grain: one row per campaign with installs or spend, but without the other; the largest ones.
-- Answers: which campaigns have no ROAS, because half of what it needs is missing?
SELECT
  campaign_id,
  installs,
  cohort_cost,
  CASE WHEN installs > 0 THEN 'installs without spend' ELSE 'spend without installs' END AS lacks
FROM campaign_summary
WHERE campaign_id NOT IN ('(organic)', '(unknown)')
  AND ((installs > 0 AND cohort_cost IS NULL) OR (installs = 0 AND cohort_cost > 0))
ORDER BY installs DESC, cohort_cost DESC, campaign_id
LIMIT {{ most_moves }}
