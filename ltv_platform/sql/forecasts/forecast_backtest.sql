-- Grain: one row per origin and group of customers with equal histories and equal purchases since.
-- Answers: what was known about the customers on that day, and what did they buy afterwards?
-- The SELECT counts customers; forecasting/repeat_buying/backtest.py computes the table from these
-- counts. An origin is skipped if the history before it is shorter than the holdout.
{% import 'macros/purchases.sql' as purchases with context %}
WITH holdouts AS (
  {{ purchases.rolling('core.') | indent(2) }}
),
cutoffs AS (
  SELECT origin AS cutoff FROM holdouts UNION SELECT ending FROM holdouts
)
{{ purchases.outcomes() }}
