-- Grain: one row.
-- Answers: what do all channels earn together, blended and attributed only?
{% import 'macros/shared.sql' as m with context %}
SELECT
  SUM(cost) AS cost,
  CAST(SUM(ihc) AS DOUBLE) AS conversions,
  SUM(ihc_revenue) AS revenue,
  CAST(COALESCE(SUM(ihc) FILTER (placed), 0) AS DOUBLE) AS attributed,
  SUM(ihc_revenue) FILTER (placed) AS attributed_revenue,
  CAST(COALESCE(SUM(ihc) FILTER (channel_name = '(pending)'), 0) AS DOUBLE) AS pending,
  {{ m.quotient('SUM(cost)', 'SUM(ihc)') }} AS blended_cpo,
  {{ m.quotient('SUM(cost)', 'SUM(ihc) FILTER (placed)') }} AS cpo,
  {{ m.quotient('SUM(ihc_revenue)', 'SUM(cost)') }} AS blended_roas,
  {{ m.quotient('SUM(ihc_revenue) FILTER (placed)', 'SUM(cost)') }} AS roas,
  MIN(date) AS first_day,
  MAX(date) AS last_day,
  MAX(date) FILTER (complete) AS last_complete_day
FROM (
  SELECT *, channel_name NOT IN {{ m.no_channel }} AS placed FROM channel_reporting
) AS reported
