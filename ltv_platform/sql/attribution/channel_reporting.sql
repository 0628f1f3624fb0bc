-- Grain: one row per channel and day of the session.
-- Answers: does the channel earn its cost?
-- Cost comes from the sessions and credit from the attribution, summed separately, so that a
-- session that serves two conversions costs once.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/channel_reporting.sql' as channels with context %}
WITH costs AS (
  SELECT channel_name, event_date AS date, SUM(cost) AS cost
  FROM core.sessions
  WHERE event_date >= $start AND event_date <= $end
  GROUP BY channel_name, event_date
),
credits AS (
  SELECT channel_name, session_date AS date, SUM(credit) AS ihc, SUM(revenue) AS ihc_revenue
  FROM marts.attribution
  WHERE model = 'ihc' AND session_date >= $start AND session_date <= $end
  GROUP BY channel_name, session_date
),
known AS (
  SELECT MIN(event_date) AS first_conversion_date FROM core.conversions
),
reported AS (
  {{ channels.side_by_side() | indent(2) }}
),
days AS (
  SELECT DISTINCT date FROM reported
),
waiting AS (
  {{ m.waiting_days() | indent(2) }}
)
SELECT
  channel_name,
  reported.date,
  cost,
  ihc,
  ihc_revenue,
  COALESCE(reported.date >= first_conversion_date, FALSE) AND waiting.date IS NULL AS conversions_known
FROM reported
LEFT JOIN waiting ON waiting.date = reported.date
CROSS JOIN known
