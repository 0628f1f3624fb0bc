{#- The local IHC engine: an open approximation of IHC, not the trained model behind the API. -#}

{#- Scores of the sessions of journeys.
    Needs: a relation with the columns of marts.customer_journeys.
    Gives: conv_id, session_id, conversion_date, initializer, holder, closer, ihc; each of the four
    DECIMAL(18,12), ihc adding up to 1 per conversion. -#}
{% macro scores(journeys) -%}
SELECT
  conv_id,
  session_id,
  conversion_date,
  CAST(1.0 / sessions_in_journey AS DECIMAL(18,12)) AS initializer,
  CAST(1.0 / sessions_in_journey AS DECIMAL(18,12)) AS holder,
  CAST(1.0 / sessions_in_journey AS DECIMAL(18,12)) AS closer,
  CAST(1.0 / sessions_in_journey AS DECIMAL(18,12)) AS ihc
FROM {{ journeys }}
{%- endmacro %}
