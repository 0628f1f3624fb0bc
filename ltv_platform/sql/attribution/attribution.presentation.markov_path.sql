-- Published: markov_path, whose removal effects depend on the whole history.
{% import 'macros/credits.sql' as c with context %}
{% import 'macros/markov_path.sql' as markov with context %}
SELECT
  {{ c.published_columns }}
FROM (
  {{ markov.markov_path() | indent(2) }}
) AS markov_path
