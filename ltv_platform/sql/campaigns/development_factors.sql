-- Grain: one row per campaign (and for (all)) and age in days.
-- Answers: how much does the revenue of a cohort still grow from day to day?
-- The SELECT sums weekly cohorts by age; forecasting/cohorts/tables.py computes the table from these
-- sums.
{% import 'macros/weekly_cohorts.sql' as weekly with context %}
{{ weekly.cohorts() }}
