-- Grain: group of customers with equal histories and equal purchases after them.
-- Answers: what could be known at the end of $as_of, and what was bought in the $holdout days since?
-- Reads the snapshot.
{% import 'macros/purchases.sql' as purchases with context %}
WITH holdouts AS (
  SELECT CAST($as_of AS DATE) AS origin, CAST($as_of AS DATE) + CAST($holdout AS INTEGER) AS ending
),
cutoffs AS (
  SELECT origin AS cutoff FROM holdouts UNION SELECT ending FROM holdouts
)
{{ purchases.outcomes('') }}
