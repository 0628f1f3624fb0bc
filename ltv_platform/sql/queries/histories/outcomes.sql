-- Grain: one row per group of customers with equal histories and equal later purchases.
-- Answers: what was known at the end of $as_of, and what was bought in the $holdout days after it?
-- Reads the snapshot.
{% import 'macros/purchases.sql' as purchases with context %}
WITH holdouts AS (
  SELECT CAST($as_of AS DATE) AS origin, CAST($as_of AS DATE) + CAST($holdout AS INTEGER) AS ending
),
cutoffs AS (
  SELECT origin AS cutoff FROM holdouts UNION SELECT ending FROM holdouts
)
{{ purchases.outcomes('') }}
