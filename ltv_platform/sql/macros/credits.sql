{#- How shares become credit that adds up: all is rounded down, and the last session with any
    credit takes what is left. Nothing is negative, and no order of rows flips a digit. -#}
{% import 'macros/shared.sql' as m with context %}

{% set published_columns = 'model, conv_id, session_id, conversion_date, session_date, channel_name, credit, revenue, engine, params_hash' %}

{#- whole / n as credit, rounded down. In whole numbers: 0.3 as a DOUBLE is a little less. -#}
{% macro part(whole, n) -%}
CAST(({{ (whole | float * 1000000000000) | round | int }} // ({{ n }})) / 1e12 AS DECIMAL(18,12))
{%- endmacro %}

{#- weight / total as credit, rounded down; the total is a sum of DECIMAL, which is exact. -#}
{% macro weighted(weight, total) -%}
CAST(FLOOR(CAST({{ weight }} AS DOUBLE) / CAST({{ total }} AS DOUBLE) * 1e12) / 1e12 AS DECIMAL(18,12))
{%- endmacro %}

{#- What a revenue gives for a credit, rounded down to millionths. The product is exact, in 36
    digits; a cast rounds half up, so half a millionth is taken off before. -#}
{% macro revenue_of(revenue, credit) -%}
CAST(GREATEST({{ revenue }} * {{ credit }} - 0.0000005, 0) AS DECIMAL(18,6))
{%- endmacro %}

{#- A session's value; that of the one that takes the rest is what the others leave of the whole.
    Needs the window journey. -#}
{% macro with_rest(value, whole, takes_rest) -%}
CASE WHEN {{ takes_rest }}
      THEN {{ whole }} - SUM(CASE WHEN {{ takes_rest }} THEN 0 ELSE {{ value }} END) OVER journey
      ELSE {{ value }} END
{%- endmacro %}

{#- The columns that say whose credit a row is. -#}
{% macro columns(model, relation) -%}
{{ model | literal }} AS model, {{ relation }}.conv_id, {{ relation }}.session_id,
    {{ relation }}.conversion_date, {{ relation }}.session_date, {{ relation }}.channel_name, {{ relation }}.position
{%- endmacro %}

{#- A model that gives all to one session. -#}
{% macro all_to(model, which) -%}
SELECT {{ columns(model, 'journeys') }},
    {{ m.credit('1') }} AS credit, revenue, 'sql' AS engine
  FROM marts.customer_journeys AS journeys
  WHERE {{ which }}
{%- endmacro %}

{#- A model whose shares follow from the length of the journey: one for the first session, one for
    each between, and the rest for the last. -#}
{% macro in_closed_form(model, outer, inner) -%}
SELECT {{ columns(model, 'shares') }},
    {{ m.credit("CASE
      WHEN position < sessions_in_journey THEN CASE WHEN position = 1 THEN share_outer ELSE share_inner END
      WHEN position = 1 THEN 1
      ELSE 1 - share_outer - (sessions_in_journey - 2) * share_inner
    END") }} AS credit,
    {{ m.money("CASE
      WHEN position < sessions_in_journey THEN CASE WHEN position = 1 THEN revenue_outer ELSE revenue_inner END
      WHEN position = 1 THEN revenue
      ELSE revenue - revenue_outer - (sessions_in_journey - 2) * revenue_inner
    END") }} AS revenue,
    'sql' AS engine
  FROM (
    SELECT
      *,
      {{ revenue_of('revenue', 'share_outer') }} AS revenue_outer,
      {{ revenue_of('revenue', 'share_inner') }} AS revenue_inner
    FROM (
      SELECT *, {{ outer }} AS share_outer, {{ inner }} AS share_inner
      FROM marts.customer_journeys
    ) AS parts
  ) AS shares
{%- endmacro %}

{#- A model whose shares follow from all sessions of the journey. -#}
{% macro by_shares(model, share, relation) -%}
SELECT {{ columns(model, 'shares') }},
    {{ m.credit(with_rest('share', '1', 'is_last')) }} AS credit,
    {{ m.money(with_rest(revenue_of('revenue', 'share'), 'revenue', 'is_last')) }} AS revenue,
    'sql' AS engine
  FROM (
    SELECT *, position = sessions_in_journey AS is_last, {{ share }} AS share
    FROM {{ relation }} AS weights
  ) AS shares
  WINDOW journey AS (PARTITION BY conv_id)
{%- endmacro %}
