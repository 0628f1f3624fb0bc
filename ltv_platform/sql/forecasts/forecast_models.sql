-- Grain: one row per group of customers with equal histories.
-- Answers: how many customers bought how often, since when, last when, and for how much a day?
-- Its rows are counted customers; forecasting/tables.py fits the models of the table to them.
{% import 'macros/purchases.sql' as purchases with context %}
SELECT groups.*, CAST($as_of AS DATE) AS as_of
FROM (
  {{ purchases.groups('marts.purchase_histories') | indent(2) }}
) AS groups
WHERE $as_of IS NOT NULL
