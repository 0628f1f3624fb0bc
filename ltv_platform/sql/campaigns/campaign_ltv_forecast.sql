-- Grain: one row per campaign, install week and horizon.
-- Answers: what will a cohort be worth, and will it earn its cost back?
-- Its rows are sums of weekly cohorts by age; forecasting/campaigns.py makes the table of them.
{% import 'macros/weekly_cohorts.sql' as weekly with context %}
{{ weekly.cohorts() }}
