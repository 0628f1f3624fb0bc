-- Grain: one row per campaign, what needs action first.
-- Answers: when does each campaign pay back, how sure is that, and which one should stop?
SELECT *, COALESCE(campaign_name, campaign_id) AS name
FROM campaign_outlook
ORDER BY
  CASE action WHEN 'stop' THEN 1 WHEN 'reduce' THEN 2 WHEN 'watch' THEN 3 WHEN 'continue' THEN 4 ELSE 5 END,
  spend DESC NULLS LAST, campaign_id
