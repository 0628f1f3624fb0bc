-- Grain: one row per model.
-- Answers: what share of the conversions does it credit to another channel than IHC?
-- Half the sum of the absolute differences, over all conversions. Not shown while conversions wait
-- for a score.
WITH sums AS (
  SELECT model, channel_name, SUM(credit) AS credit
  FROM channel_model_comparison
  GROUP BY model, channel_name
)
SELECT
  other.model,
  CAST(SUM(ABS(other.credit - ihc.credit)) AS DOUBLE) / 2
    / NULLIF(CAST(SUM(ihc.credit) AS DOUBLE), 0) AS share
FROM sums AS other
JOIN sums AS ihc ON ihc.model = 'ihc' AND ihc.channel_name = other.channel_name
WHERE other.model <> 'ihc' AND NOT EXISTS (SELECT 1 FROM sums WHERE channel_name = '(pending)')
GROUP BY other.model
ORDER BY share DESC, other.model
