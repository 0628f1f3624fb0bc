-- Grain: one row per channel and calendar day.
-- Answers: what came in on the day, and what was spent?
-- Joins the cost of the day's sessions with the credit of the day's conversions.
{% import 'macros/channel_reporting.sql' as channels with context %}
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
{{ channels.side_by_side() }}
