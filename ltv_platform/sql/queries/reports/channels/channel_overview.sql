-- Grain: one row per channel.
-- Answers: what does it cost, and what is credited to it by IHC?
-- A total's ratio is the ratio of the sums; rows that are not a channel have no cost and come last.
{% import 'macros/shared.sql' as m with context %}
SELECT
  channel_name,
  SUM(cost) AS cost,
  CAST(SUM(ihc) AS DOUBLE) AS ihc,
  SUM(ihc_revenue) AS ihc_revenue,
  CASE WHEN channel_name NOT IN {{ m.no_channel }}
    THEN {{ m.quotient('SUM(cost)', 'SUM(ihc)') }} END AS "CPO",
  {{ m.quotient('SUM(ihc_revenue)', 'SUM(cost)') }} AS "ROAS",
  {{ m.quotient('COUNT(*) FILTER (complete)', 'COUNT(*)') }} AS complete_share
FROM channel_reporting
GROUP BY channel_name
ORDER BY channel_name IN {{ m.no_channel }}, SUM(ihc) DESC, SUM(cost) DESC, channel_name
