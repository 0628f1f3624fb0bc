-- Grain: one row per origin and group of customers with equal histories and equal later purchases.
-- Answers: the same for origins $holdout days apart, with the last holdout ending on $as_of?
-- Reads the snapshot.
{% import 'macros/purchases.sql' as purchases with context %}
WITH holdouts AS (
  {{ purchases.rolling('', '$holdout') | indent(2) }}
),
cutoffs AS (
  SELECT origin AS cutoff FROM holdouts UNION SELECT ending FROM holdouts
)
{{ purchases.outcomes('') }}
