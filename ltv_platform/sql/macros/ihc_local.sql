{#- The local IHC engine: an open approximation of IHC, not the trained model behind the API.
    Steps: docs/attribution.md, "The local IHC engine"; constants: attribution.ihc. -#}
{% import 'macros/shared.sql' as m with context %}

{#- A number to be summed as DECIMAL: the sum of DOUBLE depends on the order of rows. -#}
{% macro summable(expression) -%}
CAST({{ expression }} AS DECIMAL(18,15))
{%- endmacro %}

{#- A value's share of its sum over the journey; 0 if the phase is empty. -#}
{% macro share(value, total) -%}
COALESCE({{ m.ratio(value, total) }}, 0)
{%- endmacro %}

{#- The channel is among those that give their credit away. -#}
{% macro listed(rule) -%}
channel_name IN ({{ rule.redistribution_channel_labels | map('literal') | join(', ') }})
{%- endmacro %}

{#- The sessions that a donor sees in the direction of its rule; backwards: the donors of a receiver. -#}
{% macro sight(direction, backwards=false) -%}
{% if direction == 'any_session' -%}
(PARTITION BY conv_id)
{%- elif (direction == 'earlier_sessions_only') != backwards -%}
(PARTITION BY conv_id ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
{%- else -%}
(PARTITION BY conv_id ORDER BY position ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
{%- endif %}
{%- endmacro %}

{#- Three CTEs that move the credit of listed channels, each phase by itself. A donor's credit over
    the credit of its receivers is a rate; a receiver earns the rates of its donors. Where no
    receiver has any credit yet, all get the same. -#}
{% macro redistributed(relation, rules) -%}
givers AS (
  SELECT
    *
    {%- for phase, rule in rules.items() %},
    {{ summable(phase) }} AS {{ phase }}_before,
    {{ listed(rule) }} AS {{ phase }}_listed,
    live AND NOT {{ listed(rule) }}
      AND {{ summable(phase) }} >= {{ summable(rule.receive_threshold) }} AS {{ phase }}_receives
    {%- endfor %}
  FROM {{ relation }}
),
pools AS (
  SELECT
    *
    {%- for phase, rule in rules.items() %},
    SUM(CASE WHEN {{ phase }}_receives THEN {{ phase }}_before END)
      OVER {{ sight(rule.direction) }} AS {{ phase }}_pool,
    SUM(CASE WHEN {{ phase }}_receives THEN 1 END)
      OVER {{ sight(rule.direction) }} AS {{ phase }}_receivers
    {%- endfor %}
  FROM givers
),
rates AS (
  SELECT
    *
    {%- for phase, rule in rules.items() %},
    {{ phase }}_listed AND {{ phase }}_receivers IS NOT NULL AS {{ phase }}_gives,
    CASE
      WHEN {{ phase }}_listed
      THEN CAST({{ m.ratio(phase ~ '_before', phase ~ '_pool') }} AS DECIMAL(38,20))
    END AS {{ phase }}_rate,
    CASE
      WHEN {{ phase }}_listed AND {{ phase }}_pool = 0
      THEN CAST({{ m.ratio(phase ~ '_before', phase ~ '_receivers') }} AS DECIMAL(38,20))
    END AS {{ phase }}_each
    {%- endfor %}
  FROM pools
),
{%- endmacro %}

{#- A phase after redistribution. -#}
{% macro moved(phase, rule) -%}
{% set donors = sight(rule.direction, backwards=true) -%}
CASE
      WHEN {{ phase }}_gives THEN 0
      WHEN {{ phase }}_receives THEN {{ phase }}
        + CAST({{ phase }}_before AS DOUBLE)
          * COALESCE(CAST(SUM({{ phase }}_rate) OVER {{ donors }} AS DOUBLE), 0)
        + COALESCE(CAST(SUM({{ phase }}_each) OVER {{ donors }} AS DOUBLE), 0)
      ELSE {{ phase }}
    END
{%- endmacro %}

{#- Scores of the sessions of journeys.
    Needs: a relation with the columns of marts.customer_journeys.
    Gives: conv_id, session_id, conversion_date, initializer, holder, closer, ihc; each of the four
    DECIMAL(18,12), ihc adding up to 1 per conversion. -#}
{% macro scores(journeys) -%}
{% set ihc = attribution.ihc -%}
{% set window = ihc.window_hours * 3600 -%}
{% set pause = ihc.pause_hours * 3600 -%}
{% set rules = {} -%}
{% for phase in ['initializer', 'holder', 'closer'] if attribution.redistribution[phase] -%}
{% set _ = rules.update({phase: attribution.redistribution[phase]}) -%}
{% endfor -%}
WITH paths AS (
  -- The path begins after the last pause longer than the window; sessions before it are dead.
  SELECT
    conv_id,
    session_id,
    conversion_date,
    {%- if rules %}
    channel_name,
    {%- endif %}
    position,
    position = sessions_in_journey AS is_last,
    holder_engagement AND NOT impression_interaction AS holds,
    closer_engagement AS closes,
    impression_interaction,
    seconds_since_previous,
    seconds_to_last,
    COALESCE(MAX(CASE WHEN seconds_since_previous > {{ window }} THEN position END) OVER journey, 1) AS begins
  FROM {{ journeys }}
  WINDOW journey AS (PARTITION BY conv_id)
),
ends AS (
  SELECT
    conv_id,
    session_id,
    conversion_date,
    {%- if rules %}
    channel_name,
    {%- endif %}
    position,
    position >= begins AS live,
    holds,
    CASE
      WHEN position < begins THEN 0
      WHEN position = begins THEN 1
      ELSE CAST(POWER(
        LEAST(GREATEST((seconds_since_previous - {{ pause }}) / {{ window - pause }}, 0), 1),
        {{ ihc.exponent }}
      ) AS DECIMAL(18,15))
    END AS initiation,
    CASE
      WHEN position >= begins AND (is_last OR closes) AND NOT impression_interaction
        AND seconds_to_last < {{ window }}
      THEN CAST((
        {{ ihc.fast_share }} * EXP(-seconds_to_last / {{ ihc.fast_hours * 3600 }})
        + {{ 1 - ihc.fast_share }} * EXP(-seconds_to_last / {{ ihc.slow_hours * 3600 }})
      ) * (1 - seconds_to_last / {{ window }}) AS DECIMAL(18,15))
      ELSE 0
    END AS closing
  FROM paths
),
outer_totals AS (
  SELECT *, SUM(initiation) OVER journey AS initiations, SUM(closing) OVER journey AS closings
  FROM ends
  WINDOW journey AS (PARTITION BY conv_id)
),
outer_phases AS (
  SELECT
    conv_id,
    session_id,
    conversion_date,
    {%- if rules %}
    channel_name,
    {%- endif %}
    position,
    live,
    holds,
    {{ share('initiation', 'initiations') }} AS initializer,
    {{ share('closing', 'closings') }} AS closer,
    closings > 0 AS is_closed
  FROM outer_totals
),
-- Sessions that neither initiated nor closed hold most.
middles AS (
  SELECT
    *,
    CASE
      WHEN NOT live OR NOT holds THEN 0
      WHEN initializer + closer <= 0.5 THEN {{ summable('1 - 0.6 * (initializer + closer)') }}
      WHEN initializer + closer <= 1 THEN {{ summable('1.15 - 0.9 * (initializer + closer)') }}
      ELSE {{ summable('GREATEST(0.25 * (2 - initializer - closer), 0)') }}
    END AS holding
  FROM outer_phases
),
middle_totals AS (
  SELECT *, SUM(holding) OVER (PARTITION BY conv_id) AS holdings
  FROM middles
),
phases AS (
  SELECT
    conv_id,
    session_id,
    conversion_date,
    {%- if rules %}
    channel_name,
    live,
    {%- endif %}
    position,
    initializer,
    {{ share('holding', 'holdings') }} AS holder,
    closer,
    holdings > 0 AS is_held,
    is_closed
  FROM middle_totals
),
{% if rules -%}
{{ redistributed('phases', rules) }}
{% endif -%}
final_phases AS (
  SELECT
    conv_id,
    session_id,
    conversion_date,
    position,
    {%- for phase in ['initializer', 'holder', 'closer'] %}
    {% if phase in rules %}{{ moved(phase, rules[phase]) }} AS {% endif %}{{ phase }},
    {%- endfor %}
    is_held,
    is_closed
  FROM {{ 'rates' if rules else 'phases' }}
),
-- The first phase is never empty: the first live session initiates.
weighted_phases AS (
  SELECT
    *,
    {{ ihc.initializer_weight }} * initializer
      + {{ ihc.holder_weight }} * holder
      + {{ ihc.closer_weight }} * closer AS weighted,
    {{ ihc.initializer_weight }}
      + CASE WHEN is_held THEN {{ ihc.holder_weight }} ELSE 0 END
      + CASE WHEN is_closed THEN {{ ihc.closer_weight }} ELSE 0 END AS weights
  FROM final_phases
),
parts AS (
  SELECT
    conv_id,
    session_id,
    conversion_date,
    position,
    {{ m.credit('initializer') }} AS initializer,
    {{ m.credit('holder') }} AS holder,
    {{ m.credit('closer') }} AS closer,
    {{ m.rounded_down('weighted / weights', 'DECIMAL(18,12)') }} AS part
  FROM weighted_phases
)
SELECT
  conv_id,
  session_id,
  conversion_date,
  initializer,
  holder,
  closer,
  {{ m.credit('CASE
    WHEN position = MAX(CASE WHEN part > 0 THEN position END) OVER journey
    THEN 1 - (SUM(part) OVER journey - part)
    ELSE part
  END') }} AS ihc
FROM parts
WINDOW journey AS (PARTITION BY conv_id)
{%- endmacro %}
