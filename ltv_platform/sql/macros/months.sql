{#- Calendar months in the reporting zone: of cohorts, between events, of age. Takes days and returns
    numbers, without INTERVAL, so that clock changes do not matter. -#}

{#- First day of the month of a day. -#}
{% macro month_of(day) -%}
CAST(DATE_TRUNC('month', {{ day }}) AS DATE)
{%- endmacro %}

{#- Months from the month of one day to that of another, regardless of the day of month. -#}
{% macro months_between(earlier, later) -%}
CAST((YEAR({{ later }}) - YEAR({{ earlier }})) * 12 + MONTH({{ later }}) - MONTH({{ earlier }}) AS INTEGER)
{%- endmacro %}

{#- Full months lived on a day: a month of age begins on the day of the month of the start, or on
    the last of a month that is too short for it (31 January, 28 February, 31 March). -#}
{% macro months_of_age(start, day) -%}
({{ months_between(start, day) }}
  - CASE WHEN DAY({{ day }}) < DAY({{ start }}) AND {{ day }} <> LAST_DAY({{ day }}) THEN 1 ELSE 0 END)
{%- endmacro %}
