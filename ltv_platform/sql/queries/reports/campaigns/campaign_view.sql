-- Grain: one row per campaign.
-- Answers: what is its name, is it a campaign, does it get details?
CREATE OR REPLACE TEMP VIEW campaign AS
SELECT *, NOT is_campaign OR spend_rank <= {{ most_campaigns }} AS detailed
FROM (
  SELECT *,
    ROW_NUMBER() OVER (
      ORDER BY is_campaign DESC, spend DESC NULLS LAST, installs DESC, campaign_id
    ) AS spend_rank
  FROM (
    SELECT *,
      cohort_cost AS spend,
      COALESCE(campaign_name, campaign_id) AS name,
      campaign_id NOT IN ('(organic)', '(unknown)') AS is_campaign
    FROM campaign_summary
  ) AS named
) AS ranked
