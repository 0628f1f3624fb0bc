-- Grain: one row per origin and group of customers with equal histories and equal purchases since.
-- Answers: what could be known of the customers on that day, and what did they buy then?
-- Its rows are counted customers; forecasting/backtest.py makes the rows of the table of them.
-- An origin is given up where less lies before it than the holdout that is to be forecast.
{% import 'macros/purchases.sql' as purchases with context %}
WITH holdouts AS (
  {{ purchases.rolling('core.') | indent(2) }}
),
cutoffs AS (
  SELECT origin AS cutoff FROM holdouts UNION SELECT ending FROM holdouts
)
{{ purchases.outcomes() }}
