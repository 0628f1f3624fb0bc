-- Grain: one row per campaign, best first.
-- Answers: what does the terminal show for each campaign?
{% import 'macros/campaign_report.sql' as report with context %}
SELECT
  name AS campaign, installs, spend, cpi AS "CPI",
  {%- for n in (summary_horizon, later_horizon) %}
  {{ 'ltv_d%d_per_user' % n if n in shown_horizons else 'NULL' }} AS "LTV D{{ n }}",
  {%- endfor %}
  {%- for n in (summary_horizon, later_horizon) %}
  {{ 'cohort_roas_d%d' % n if n in shown_horizons else 'NULL' }} AS "ROAS D{{ n }}",
  {%- endfor %}
  payback_day AS "payback day"
FROM campaign
ORDER BY {{ report.best_first() }}
