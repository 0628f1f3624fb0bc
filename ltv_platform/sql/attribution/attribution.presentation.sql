-- Published: the stored models, without the position of the session in its journey.
{% import 'macros/credits.sql' as c with context %}
SELECT
  {{ c.published_columns }}
FROM marts.attribution
