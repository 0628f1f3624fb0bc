-- Grain: one row per campaign, install week and horizon.
-- Answers: what will a cohort be worth, and will it earn its cost back?
-- The SELECT sums weekly cohorts by age; forecasting/cohorts/tables.py computes the table from these
-- sums.
{% import 'macros/weekly_cohorts.sql' as weekly with context %}
{{ weekly.cohorts() }}
