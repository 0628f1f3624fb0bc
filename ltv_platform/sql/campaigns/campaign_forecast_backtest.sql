-- Grain: one row per way of testing, campaign, and (all), starting age and horizon.
-- Answers: how far off would such forecasts have been?
-- Its rows are sums of weekly cohorts by age; forecasting/campaign_backtest.py makes the table of them.
{% import 'macros/weekly_cohorts.sql' as weekly with context %}
{{ weekly.cohorts() }}
