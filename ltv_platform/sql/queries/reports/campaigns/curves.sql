-- Grain: one row per campaign and age.
-- Answers: what share of the spend is back after N days?
-- Over the cohorts mature at that age; `share` is their part of the campaign's spend.
{% import 'macros/shared.sql' as m with context %}
SELECT
  curve.campaign_id, name, payback_day,
  curve.age_day + 1 AS day,
  {{ m.quotient('SUM(curve.cumulative_revenue)', 'SUM(curve.spend)') }} AS roas,
  {{ m.quotient('SUM(curve.spend)', 'campaign.spend') }} AS share
FROM campaign_cohort_curve AS curve
JOIN campaign ON campaign.campaign_id = curve.campaign_id
JOIN (SELECT DISTINCT install_date, cost_complete FROM campaign_roas) AS cost
  ON cost.install_date = curve.install_date
WHERE is_campaign AND detailed AND mature AND cost_complete AND curve.age_day < {{ last_day }}
GROUP BY curve.campaign_id, name, payback_day, curve.age_day, campaign.spend,
  cohort_roas_d{{ summary_horizon }}
HAVING SUM(curve.spend) > 0
ORDER BY cohort_roas_d{{ summary_horizon }} DESC NULLS LAST, name, curve.campaign_id,
  curve.age_day
