-- Grain: one row per install month and campaign.
-- Answers: what does the terminal show for each generation of users?
{% import 'macros/campaign_report.sql' as report with context %}
SELECT
  period AS month, name AS campaign, cohort.installs, cohort.spend, cohort.cpi AS "CPI",
  ltv_d{{ summary_horizon }} AS "LTV D{{ summary_horizon }}",
  cohort.roas_d{{ summary_horizon }} AS "ROAS D{{ summary_horizon }}",
  {{ 'cohort.roas_d%d' % later_horizon if later_horizon in shown_horizons else 'NULL' }}
    AS "ROAS D{{ later_horizon }}"
FROM ({{ report.cohorts('month', shown_horizons) }}) AS cohort
JOIN campaign ON campaign.campaign_id = cohort.campaign_id
WHERE is_campaign
ORDER BY period, name, cohort.campaign_id
