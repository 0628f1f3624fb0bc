-- Grain: one row.
-- Answers: how many conversions of the days have how many wrong credits, by which models?
-- A credit is wrong if it is not exactly 1, has a part of 0, or differs from the conversion's
-- revenue.
WITH credited AS (
  SELECT
    model,
    conv_id,
    SUM(credit) AS credit,
    SUM(revenue) AS revenue,
    MIN(credit) AS least
  FROM marts.attribution
  WHERE conversion_date BETWEEN $first AND $last
  GROUP BY model, conv_id
),
expected AS (
  SELECT models.model, conversions.conv_id, conversions.revenue
  FROM core.conversions AS conversions
  CROSS JOIN (SELECT UNNEST($models) AS model) AS models
  WHERE conversions.event_date BETWEEN $first AND $last
),
compared AS (
  SELECT
    conv_id,
    model,
    expected.revenue IS DISTINCT FROM credited.revenue
      OR credited.credit IS DISTINCT FROM 1
      OR credited.least <= 0 AS wrong
  FROM expected
  FULL OUTER JOIN credited USING (model, conv_id)
)
SELECT
  COUNT(DISTINCT conv_id) AS conversions,
  COUNT(*) FILTER (wrong) AS wrong,
  STRING_AGG(DISTINCT model, ', ' ORDER BY model) FILTER (wrong) AS models
FROM compared
