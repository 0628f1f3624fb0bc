{#- How shares become credit that adds up: everything is rounded down, and the last session with any
    credit takes what is left. Nothing is negative, and no order of rows flips a digit. -#}

{#- The session of a journey that gets a credit. -#}
{% set session -%}
conv_id, session_id, conversion_date, session_date, channel_name, position
{%- endset %}

{#- The columns published for every model. -#}
{% set published_columns -%}
model,
  conv_id,
  session_id,
  conversion_date,
  session_date,
  channel_name,
  credit,
  revenue,
  engine,
  params_hash
{%- endset %}

{#- whole / n as credit, rounded down. In whole numbers: a DOUBLE 0.3 is a little less. -#}
{% macro part(whole, n) -%}
CAST(({{ (whole | float * 1000000000000) | round | int }} // ({{ n }})) / 1e12 AS DECIMAL(18,12))
{%- endmacro %}

{#- weight / total as credit, rounded down; the total is a sum of DECIMAL, which is exact. -#}
{% macro weighted(weight, total) -%}
CAST(
      FLOOR(CAST({{ weight }} AS DOUBLE) / CAST({{ total }} AS DOUBLE) * 1e12) / 1e12
      AS DECIMAL(18,12)
    )
{%- endmacro %}

{#- The revenue of a credit, rounded down to millionths. The product is exact, in 36
    digits; a cast rounds half up, so half a millionth is taken off before. -#}
{% macro revenue_of(revenue, credit) -%}
CAST(GREATEST({{ revenue }} * {{ credit }} - 0.0000005, 0) AS DECIMAL(18,6))
{%- endmacro %}

{#- A session's value; the session that takes the remainder gets what the others leave.
    Needs the window journey. -#}
{% macro with_rest(value, whole, takes_rest) -%}
CASE
      WHEN {{ takes_rest }}
      THEN {{ whole }} - SUM(CASE WHEN {{ takes_rest }} THEN 0 ELSE {{ value }} END) OVER journey
      ELSE {{ value }}
    END
{%- endmacro %}

{#- The same if it depends only on the length of the journey: the first session has the outer
    value, each between the inner one, and the last what these leave of the whole. -#}
{% macro with_rest_by_length(outer, inner, whole) -%}
CASE
      WHEN position < sessions_in_journey
      THEN CASE WHEN position = 1 THEN {{ outer }} ELSE {{ inner }} END
      WHEN position = 1 THEN {{ whole }}
      ELSE {{ whole }} - {{ outer }} - (sessions_in_journey - 2) * {{ inner }}
    END
{%- endmacro %}
