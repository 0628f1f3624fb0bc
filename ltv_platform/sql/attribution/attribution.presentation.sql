-- Published: with markov_path, whose removal effects depend on the whole history.
{% import 'attribution/markov_path.sql' as markov with context %}
{% set columns = 'model, conv_id, session_id, conversion_date, session_date, channel_name, credit, revenue, engine, params_hash' %}
SELECT {{ columns }}
FROM marts.attribution
UNION ALL
SELECT {{ columns }}
FROM (
  {{ markov.markov_path() | indent(2) }}
) AS markov_path
