-- Grain: one row per group of customers with equal histories.
-- Answers: what data could purchase models be fitted to at the end of $as_of?
-- Reads the snapshot.
{% import 'macros/purchases.sql' as purchases with context %}
WITH cutoffs AS (
  SELECT CAST($as_of AS DATE) AS cutoff
),
histories AS (
  {{ purchases.histories('') | indent(2) }}
)
{{ purchases.groups('histories') }}
