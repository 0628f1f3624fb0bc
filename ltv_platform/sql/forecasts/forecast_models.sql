-- Grain: one row per group of customers with equal histories.
-- Answers: how many customers bought how often, first and last when, and for how much per day?
-- The SELECT counts customers; forecasting/repeat_buying/tables.py fits the models to these counts.
{% import 'macros/purchases.sql' as purchases with context %}
SELECT groups.*, CAST($as_of AS DATE) AS as_of
FROM (
  {{ purchases.groups('marts.purchase_histories') | indent(2) }}
) AS groups
WHERE $as_of IS NOT NULL
