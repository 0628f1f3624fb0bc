-- Grain: one row.
-- Answers: from when to when are there cohorts?
{% import 'macros/campaign_report.sql' as report with context %}
SELECT MIN(install_date) AS first_day, MAX(install_date) AS last_day,
  COALESCE(DATE_DIFF('week', MIN(install_date), MAX(install_date)), 0) + 1 AS weeks
FROM campaign_roas
WHERE {{ report.in_scope() }}
