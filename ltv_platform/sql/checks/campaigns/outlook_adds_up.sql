-- Grain: one row.
-- Answers: how many campaigns of campaign_summary are missing from campaign_outlook, or have an expected
-- ROAS that is not that of their weekly forecasts, which is the first, and what do the shares of
-- spend add up to? Each of the campaigns is a violation.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/weekly_cohorts.sql' as weekly with context %}
WITH forecasts AS (
  SELECT campaign_id
  {%- for n in weekly.campaign_horizons %},
    {{ m.ratio('SUM(predicted_revenue) FILTER (WHERE horizon_days = %d)' % n,
      'SUM(spend) FILTER (WHERE horizon_days = %d)' % n) }} AS weekly_roas_d{{ n }}
  {%- endfor %}
  FROM marts.campaign_ltv_forecast
  WHERE cost_complete AND predicted_revenue IS NOT NULL
  GROUP BY campaign_id
),
compared AS (
  SELECT
    COALESCE(published.campaign_id, summary.campaign_id) AS campaign_id,
    spend_share,
    published.campaign_id IS NULL OR summary.campaign_id IS NULL
    {%- for n in weekly.campaign_horizons %}
      OR COALESCE(
        ABS(expected_roas_d{{ n }} - weekly_roas_d{{ n }}) > 1e-9 * GREATEST(ABS(weekly_roas_d{{ n }}), 1),
        expected_roas_d{{ n }} IS NOT NULL
      )
    {%- endfor %} AS differs
  FROM marts.campaign_outlook AS published
  FULL JOIN marts.campaign_summary AS summary ON summary.campaign_id = published.campaign_id
  LEFT JOIN forecasts ON forecasts.campaign_id = published.campaign_id
)
SELECT
  COUNT(*) FILTER (WHERE differs) AS differing,
  MIN(CASE WHEN differs THEN campaign_id END) AS example,
  COALESCE(SUM(spend_share), 1) AS shares
FROM compared
