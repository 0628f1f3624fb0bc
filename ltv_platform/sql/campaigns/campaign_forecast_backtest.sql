-- Grain: one row per test method, campaign (and for (all)), starting age and horizon.
-- Answers: how far off would such forecasts have been?
-- The SELECT sums weekly cohorts by age; forecasting/cohorts/backtest.py computes the table from these
-- sums.
{% import 'macros/weekly_cohorts.sql' as weekly with context %}
{{ weekly.cohorts() }}
