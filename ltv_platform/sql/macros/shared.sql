{#- Expressions that several tables share. Settings come from the renderer; see tables/transforms.py. -#}

{#- The reporting day of a UTC timestamp. -#}
{% macro day(ts) -%}
{% if timezone == 'UTC' -%}
CAST({{ ts }} AS DATE)
{%- else -%}
CAST(({{ ts }} AT TIME ZONE 'UTC') AT TIME ZONE {{ timezone | literal }} AS DATE)
{%- endif %}
{%- endmacro %}

{#- The UTC instant at which a reporting day begins. If clocks go back over midnight (Havana, the
    Azores) that day has two; the engine takes the later, but the day begins with the first. -#}
{% macro midnight(date) -%}
{% if timezone == 'UTC' %}CAST({{ date }} AS TIMESTAMP){% else -%}
{% set zone = timezone | literal -%}
{% set later = "((CAST(" ~ date ~ " AS TIMESTAMP) AT TIME ZONE " ~ zone ~ ") AT TIME ZONE 'UTC')" -%}
{% set earlier = "(" ~ later ~ " - INTERVAL '1 hour')" -%}
(CASE WHEN {{ day(earlier) }} = CAST({{ date }} AS DATE) THEN {{ earlier }} ELSE {{ later }} END)
{%- endif %}
{%- endmacro %}

{#- Leaves out versions before an LTV_START_DATE that was set later than they were loaded: a fresh
    home would not let them in. A start that the loads settled has nothing before it. -#}
{% macro since_start(ts) -%}
{% if start_date %}AND {{ ts }} >= {{ midnight(start_date | literal) }}{% endif %}
{%- endmacro %}

{#- Age of an event in days: full 24 hours since install, or reporting days since install date.
    An event lies within horizon N when 0 <= age < N; the caller sorts out ages below 0. -#}
{% macro age_day(event, customer) -%}
{% if window == 'calendar' -%}
DATE_DIFF('day', {{ customer }}.install_date, {{ event }}.event_date)
{%- else -%}
(DATE_DIFF('microsecond', {{ customer }}.install_ts, {{ event }}.event_ts) // 86400000000)
{%- endif %}
{%- endmacro %}

{#- The first day on which customers of the install date can be of that age. If clocks go back,
    24 hours before midnight are another hour of a day; so an age may begin a day early. -#}
{% macro age_date(install_date, age) -%}
{% if window == 'hours' and timezone != 'UTC' -%}
({{ install_date }} + GREATEST({{ age }} - 1, 0))
{%- else -%}
({{ install_date }} + {{ age }})
{%- endif %}
{%- endmacro %}

{#- Customers of the install date are of that age before as_of ends. -#}
{% macro has_begun(install_date, age) -%}
{% if window == 'hours' and timezone != 'UTC' -%}
({{ midnight(install_date) }} + {{ age }} * INTERVAL '1 day'
  < {{ midnight('CAST($as_of AS DATE) + 1') }})
{%- else -%}
({{ install_date }} + {{ age }} <= $as_of)
{%- endif %}
{%- endmacro %}

{#- The event does not precede the install. -#}
{% macro after_install(event, customer) -%}
{% if window == 'calendar' -%}
{{ event }}.event_date >= {{ customer }}.install_date
{%- else -%}
{{ event }}.event_ts >= {{ customer }}.install_ts
{%- endif %}
{%- endmacro %}

{#- Age from which on revenue of a customer waits for a rate; events of core.waiting_for_rate, of
    which those of the install day may lie before the install, in part. -#}
{% macro waits_from_age(waiting, customer) -%}
GREATEST({{ age_day(waiting, customer) }}, 0)
{%- endmacro %}

{#- Some of the day's waiting events do not precede the install. -#}
{% macro waits_after_install(waiting, customer) -%}
{% if window == 'calendar' -%}
{{ after_install(waiting, customer) }}
{%- else -%}
{{ waiting }}.last_event_ts >= {{ customer }}.install_ts
{%- endif %}
{%- endmacro %}

{#- No revenue of the cohort within that number of days waits for a rate. -#}
{% macro nothing_waits(days) -%}
(waits_from_age IS NULL OR waits_from_age >= {{ days }})
{%- endmacro %}

{#- Every customer of the install date has lived that number of days by the revenue watermark. -#}
{% macro mature(install_date, days) -%}
{% if window == 'calendar' -%}
({{ midnight(install_date ~ ' + CAST(' ~ days ~ ' AS INTEGER)') }} <= $revenue_watermark)
{%- else -%}
({{ midnight(install_date ~ ' + 1') }} + ({{ days }}) * INTERVAL '1 day' <= $revenue_watermark)
{%- endif %}
{%- endmacro %}

{#- Days of the cohort's life that revenue_to_date covers. -#}
{% macro age_so_far(install_date) -%}
CAST(LEAST(DATE_DIFF('day', {{ install_date }}, CAST($as_of AS DATE)), {{ horizons | max }}) AS INTEGER)
{%- endmacro %}

{#- No more cost is expected for that day: a later one is known, or LTV_AS_OF says so. That other
    feeds are ahead proves nothing of costs. -#}
{% macro cost_complete(day) -%}
($cost_watermark IS NULL OR {{ day }} < $cost_watermark)
{%- endmacro %}

{#- A cohort counts at an age when it is mature and its cost is known: else revenue would stand over
    a spend that has not arrived, or lack what waits for a rate. -#}
{% macro counts(days) -%}
({{ mature('install_date', days) }} AND {{ nothing_waits(days) }}
  AND {{ cost_complete('install_date') }} AND NOT cost_waits)
{%- endmacro %}

{#- A ratio; NULL if the denominator is zero, negative (refunded spend) or missing. -#}
{% macro ratio(numerator, denominator) -%}
(CAST({{ numerator }} AS DOUBLE) / NULLIF(GREATEST(CAST({{ denominator }} AS DOUBLE), 0), 0))
{%- endmacro %}

{#- A ratio whose denominator may be negative, for reports. -#}
{% macro quotient(numerator, denominator) -%}
(CAST({{ numerator }} AS DOUBLE) / NULLIF(CAST({{ denominator }} AS DOUBLE), 0))
{%- endmacro %}

{% macro money(expression) -%}
CAST({{ expression }} AS DECIMAL(18,6))
{%- endmacro %}

{#- A sum of money, which may have more digits than any of its rows. -#}
{% macro total(expression) -%}
CAST({{ expression }} AS DECIMAL(38,6))
{%- endmacro %}

{#- Purchases minus refunds, of rows of transactions. -#}
{% macro net_revenue() -%}
SUM(CASE WHEN is_refund THEN -amount ELSE amount END)
{%- endmacro %}

{#- The order that a transaction belongs to, among those of its customer: the source's own, else
    whatever was bought on the same day. Text is trimmed when it is loaded, so no order_id begins
    with a blank. -#}
{% macro order_of(event) -%}
COALESCE({{ event }}.order_id, ' ' || CAST({{ event }}.event_date AS VARCHAR))
{%- endmacro %}

{#- Keys with more than one version, one of them in the range of the run. They are rare. -#}
{% macro restated_keys(log, key, time) -%}
SELECT {{ key }}
FROM raw.{{ log }}
WHERE {{ time }} >= $start_ts AND {{ time }} < $end_ts
  AND {{ key }} IN (SELECT {{ key }} FROM raw.{{ log }} WHERE version > 1)
{%- endmacro %}

{#- The newest version of each key that has any version in the range of the run; only keys with
    more than one version are ranked. Where the source can take rows back, what it has taken back
    is left out. -#}
{% macro newest_versions(log, key, time, updated_at=true, deleted=false) -%}
SELECT *
FROM raw.{{ log }}
WHERE {{ time }} >= $start_ts AND {{ time }} < $end_ts
  AND {{ key }} NOT IN (SELECT {{ key }} FROM raw.{{ log }} WHERE version > 1)
  {%- if deleted %}
  AND NOT is_deleted
  {%- endif %}
UNION ALL
SELECT *
FROM raw.{{ log }}
WHERE {{ key }} IN ({{ restated_keys(log, key, time) }})
  {{ since_start(time) }}
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY {{ key }}
  ORDER BY {% if updated_at %}updated_at DESC NULLS LAST, {% endif %}load_sequence DESC, line DESC
) = 1{% if deleted %} AND NOT is_deleted{% endif %}
{%- endmacro %}

{#- Current spend: the newest load that contains a (source, campaign, day) replaces what earlier
    loads said about it; its lines add up. -#}
{% macro newest_spend() -%}
SELECT costs.*
FROM (
  SELECT *, ENDS_WITH(source_file, {{ events_suffix | literal }}) AS is_event
  FROM raw.campaign_costs
  WHERE date >= $start AND date <= $end AND date <= $as_of
) AS costs
LEFT JOIN ({{ country_names() }}) AS names_of_keys ON names_of_keys.name = UPPER(costs.country)
WINDOW of_day AS (PARTITION BY spend_source, campaign_id, date),
  of_key AS (
    PARTITION BY spend_source, campaign_id, date,
      COALESCE(names_of_keys.code, UPPER({{ given('costs.country') }}))
  )
QUALIFY load_sequence >= COALESCE(MAX(load_sequence) FILTER (WHERE NOT is_event) OVER of_day, 0)
  AND (load_sequence, line) >= COALESCE(
    MAX((load_sequence, line)) FILTER (WHERE is_event) OVER of_key, (0, 0)
  )
{%- endmacro %}

{#- A value, or NULL if the source writes a placeholder word. -#}
{% macro given(value) -%}
{% if missing_words -%}
CASE WHEN LOWER({{ value }}) NOT IN ({{ missing_words | map('literal') | join(', ') }}) THEN {{ value }} END
{%- else -%}
{{ value }}
{%- endif %}
{%- endmacro %}

{#- Two-letter codes of countries by their names in upper case; what is not in it goes by its own name
    in upper case, and our own word for none by itself. -#}
{% macro country_names() -%}
SELECT * FROM (
  VALUES
    ('(UNKNOWN)', '(unknown)'),
  {%- for name, code in country_codes.items() %}
    ({{ name | literal }}, {{ code | literal }}){{ "," if not loop.last }}
  {%- endfor %}
) AS country_names(name, code)
{%- endmacro %}

{#- The newest rate at most `rate_days` old of each (currency, day) asked for; needs a CTE `asked`. -#}
{% macro newest_rates() -%}
SELECT asked.currency, asked.day, ARG_MAX(rates.rate, rates.date) AS rate
FROM asked
JOIN (
  SELECT currency, date, rate
  FROM raw.fx_rates
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY date, currency ORDER BY load_sequence DESC, line DESC
  ) = 1
) AS rates
  ON rates.currency = asked.currency AND rates.date <= asked.day AND rates.date >= asked.day - {{ rate_days }}
GROUP BY asked.currency, asked.day
{%- endmacro %}

{#- Seconds from one timestamp to another, fractions included. -#}
{% macro seconds(earlier, later) -%}
(CAST(DATE_DIFF('microsecond', {{ earlier }}, {{ later }}) AS DOUBLE) / 1e6)
{%- endmacro %}

{% macro credit(expression) -%}
CAST({{ expression }} AS DECIMAL(18,12))
{%- endmacro %}

{#- The customer of purchases without an account. -#}
{% set guest = "'(guest)'" %}

{#- The names used instead of a channel: for conversions without sessions, and without a score. -#}
{% set not_attributed = "'(not attributed)'" %}
{% set pending = "'(pending)'" %}
{% set no_channel = "(" ~ not_attributed ~ ", " ~ pending ~ ")" %}

{#- Cost per order; NULL if it is not a channel, because nothing is spent on it. -#}
{% macro cost_per_order(cost, credit) -%}
CASE WHEN channel_name NOT IN {{ no_channel }} THEN {{ ratio(cost, credit) }} END
{%- endmacro %}

{#- Some conversion of that day can reach back to a session of an earlier day: the first instant of
    the one lies before the lookback of the last session of the other ends. -#}
{% macro can_reach(conversion_date, session_date) -%}
{% if timezone == 'UTC' -%}
({{ conversion_date }} <= {{ session_date }} + {{ attribution.lookback_days }})
{%- else -%}
({{ midnight(conversion_date) }}
  < {{ midnight(session_date ~ ' + 1') }} + {{ attribution.lookback_days }} * INTERVAL '1 day')
{%- endif %}
{%- endmacro %}

{#- No later conversion can reach back to a session of that day, and all that did are scored. -#}
{% macro conversions_complete(known, day) -%}
{% if attribution.lookback_days is none -%}
FALSE
{%- else -%}
({{ known }} AND COALESCE(NOT {{ can_reach('$conversion_watermark', day) }}, FALSE))
{%- endif %}
{%- endmacro %}

{#- Session days that a conversion without a score may yet credit; needs a CTE days (date). -#}
{% macro waiting_days() -%}
SELECT DISTINCT days.date
FROM days
JOIN (
  SELECT DISTINCT conversion_date FROM marts.attribution WHERE channel_name = {{ pending }}
) AS unscored
  ON unscored.conversion_date >= days.date
  {%- if attribution.lookback_days is not none %}
  AND {{ can_reach('unscored.conversion_date', 'days.date') }}
  {%- endif %}
{%- endmacro %}

{#- A number, at least zero, without the decimals for which the type has no room. What is cut off is
    the remainder, which goes to one row: so parts add up and none is negative. -#}
{% macro rounded_down(expression, type) -%}
{% set scale = 1000000000000 if type == 'DECIMAL(18,12)' else 1000000 -%}
CAST(CAST(FLOOR(({{ expression }}) * {{ scale }}) AS DOUBLE) / {{ scale }} AS {{ type }})
{%- endmacro %}
