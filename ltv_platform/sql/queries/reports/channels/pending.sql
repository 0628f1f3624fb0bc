-- Grain: one row.
-- Answers: how many conversions have no IHC score, because the API has not scored or has rejected them?
SELECT CAST(COALESCE(SUM(ihc) FILTER (channel_name = '(pending)'), 0) AS DOUBLE) AS pending
FROM channel_reporting
