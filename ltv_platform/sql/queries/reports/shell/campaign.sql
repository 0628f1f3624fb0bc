-- Grain: one row per campaign, the most important ones.
-- Answers: which campaigns can a page be restricted to?
SELECT campaign_id AS value, COALESCE(campaign_name, campaign_id) AS label
FROM campaign_summary
ORDER BY campaign_id IN ('(organic)', '(unknown)'), cohort_cost DESC NULLS LAST, installs DESC,
  campaign_id
LIMIT {{ most_choices }}
