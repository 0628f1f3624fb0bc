-- Grain: one row per campaign, what needs action first.
-- Answers: when does each campaign pay back, how sure is that, and which one should stop?
SELECT *, COALESCE(campaign_name, campaign_id) AS name
FROM campaign_outlook
ORDER BY
  CASE WHEN action IN ('stop', 'reduce') THEN 1 WHEN action = 'watch' THEN 2
    WHEN action = 'continue' THEN 3 ELSE 4 END,
  spend DESC NULLS LAST, campaign_id
