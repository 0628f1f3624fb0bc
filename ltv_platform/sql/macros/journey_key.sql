{#- The key of a journey's request to the IHC API. Nothing else computes it. -#}

{#- A text with its length in front, so that adjacent texts cannot be confused. -#}
{% macro _framed(text) -%}
LENGTH({{ text }}) || ':' || {{ text }}
{%- endmacro %}

{% macro _flag(column) -%}
CASE WHEN {{ column }} THEN '1' ELSE '0' END
{%- endmacro %}

{#- One row per conversion that has a journey: SHA-256 over what a request says about it.
    Needs: a relation with the columns of marts.customer_journeys.
    Gives: conv_id, conversion_date, conversion_ts, sessions, journey_key. -#}
{% macro keys(journeys) -%}
SELECT
  conv_id,
  MIN(conversion_date) AS conversion_date,
  MIN(conversion_ts) AS conversion_ts,
  COUNT(*) AS sessions,
  SHA256({{ attribution.request_hash | literal }} || {{ _framed('conv_id') }} || STRING_AGG(
    {{ _framed('session_id') }}
      || STRFTIME(session_ts, '%Y-%m-%d %H:%M:%S')
      || {{ _framed('channel_name') }}
      || {{ _flag('holder_engagement') }}
      || {{ _flag('closer_engagement') }}
      || {{ _flag('impression_interaction') }},
    '' ORDER BY position
  )) AS journey_key
FROM {{ journeys }}
GROUP BY conv_id
{%- endmacro %}

{#- The journeys that the API has neither scored nor rejected, and that fit into a request.
    Needs: the journeys, and relations with a journey_key of answers and of rejections.
    Gives: the columns of keys. -#}
{% macro missing(journeys, answers, rejections) -%}
SELECT *
FROM (
  {{ keys(journeys) | indent(2) }}
) AS asked
WHERE sessions <= {{ attribution.request_sessions }}
  AND journey_key NOT IN (SELECT journey_key FROM {{ answers }})
  AND journey_key NOT IN (SELECT journey_key FROM {{ rejections }})
{%- endmacro %}

{#- How many journeys have which state with the API.
    Needs: as missing.
    Gives: one row of scored (by the API), rejected, pending, too_long (of those not scored). -#}
{% macro counts(journeys, answers, rejections) -%}
SELECT
  COUNT(*) FILTER (WHERE scored) AS scored,
  COUNT(*) FILTER (WHERE rejected AND NOT scored) AS rejected,
  COUNT(*) FILTER (WHERE NOT scored AND NOT rejected AND NOT too_long) AS pending,
  COUNT(*) FILTER (WHERE NOT scored AND NOT rejected AND too_long) AS too_long
FROM (
  SELECT
    journey_key IN (SELECT journey_key FROM {{ answers }}) AS scored,
    journey_key IN (SELECT journey_key FROM {{ rejections }}) AS rejected,
    sessions > {{ attribution.request_sessions }} AS too_long
  FROM (
    {{ keys(journeys) | indent(4) }}
  ) AS asked
) AS journeys_asked
{%- endmacro %}
