-- Grain: one row per campaign, and (all), and age in days.
-- Answers: how much does the revenue of a cohort still grow from day to day?
-- Its rows are sums of weekly cohorts by age; forecasting/campaigns.py makes the table of them.
{% import 'macros/weekly_cohorts.sql' as weekly with context %}
{{ weekly.cohorts() }}
