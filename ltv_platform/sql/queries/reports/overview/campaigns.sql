-- Grain: one row per campaign.
-- Answers: what does this snapshot say about each campaign, so that two can be compared?
SELECT
  campaign_id,
  COALESCE(summary.campaign_name, campaign_id) AS name,
  summary.cohort_cost AS spend,
  summary.cohort_roas_d{{ summary_horizon }} AS roas,
  {{ 'outlook.verdict' if has_outlook else 'NULL' }} AS verdict
FROM campaign_summary AS summary
{%- if has_outlook %}
LEFT JOIN campaign_outlook AS outlook USING (campaign_id)
{%- endif %}
WHERE campaign_id NOT IN ('(organic)', '(unknown)')
ORDER BY summary.cohort_cost DESC NULLS LAST, campaign_id
