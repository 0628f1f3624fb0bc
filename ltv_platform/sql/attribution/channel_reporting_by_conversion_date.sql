-- Grain: one row per channel and calendar day.
-- Answers: what came in on the day, and what was spent?
-- Joins the cost of the day's sessions with the credit of the day's conversions.
{% import 'macros/shared.sql' as m with context %}
WITH costs AS (
  SELECT channel_name, event_date AS date, SUM(cost) AS cost
  FROM core.sessions
  GROUP BY channel_name, event_date
),
credits AS (
  SELECT channel_name, conversion_date AS date, SUM(credit) AS ihc, SUM(revenue) AS ihc_revenue
  FROM marts.attribution
  WHERE model = 'ihc'
  GROUP BY channel_name, conversion_date
)
SELECT
  COALESCE(costs.channel_name, credits.channel_name) AS channel_name,
  COALESCE(costs.date, credits.date) AS date,
  {{ m.total('COALESCE(cost, 0)') }} AS cost,
  {{ m.credit('COALESCE(ihc, 0)') }} AS ihc,
  {{ m.total('COALESCE(ihc_revenue, 0)') }} AS ihc_revenue
FROM costs
FULL OUTER JOIN credits
  ON credits.channel_name = costs.channel_name AND credits.date = costs.date
