-- Grain: origin, group of customers with equal histories and equal purchases after them.
-- Answers: the same from origins $holdout days apart, the last holdout ending on $as_of.
-- Reads the snapshot.
{% import 'macros/purchases.sql' as purchases with context %}
WITH holdouts AS (
  {{ purchases.rolling('', '$holdout') | indent(2) }}
),
cutoffs AS (
  SELECT origin AS cutoff FROM holdouts UNION SELECT ending FROM holdouts
)
{{ purchases.outcomes('') }}
