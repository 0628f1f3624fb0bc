-- Grain: one row per campaign that is spelled in several ways.
-- Answers: which ids differ only in capitals or blanks? A row is a violation.
SELECT STRING_AGG(campaign_id, ' / ' ORDER BY campaign_id) AS spellings
FROM (
  SELECT campaign_id FROM core.campaign_spend
  UNION
  SELECT campaign_id FROM core.customers
) AS campaigns
GROUP BY LOWER(REPLACE(campaign_id, ' ', ''))
HAVING COUNT(*) > 1
ORDER BY spellings
