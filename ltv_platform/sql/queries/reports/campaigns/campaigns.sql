-- Grain: one row per campaign, best first.
-- Answers: what is known about each campaign?
{% import 'macros/campaign_report.sql' as report with context %}
SELECT * FROM campaign ORDER BY {{ report.best_first() }}
