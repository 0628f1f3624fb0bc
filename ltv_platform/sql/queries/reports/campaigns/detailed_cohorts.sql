-- Grain: one row per period and campaign that gets details; '' is all paid campaigns together.
-- Answers: how does each generation of users pay back?
{% import 'macros/campaign_report.sql' as report with context %}
SELECT *
FROM ({{ report.cohorts(unit, shown_horizons) }}) AS cohort
WHERE campaign_id = ''
{%- if all_campaigns %} OR campaign_id IN (SELECT campaign_id FROM campaign WHERE detailed)
{%- else %} OR campaign_id = $campaign{% endif %}
ORDER BY campaign_id, period
