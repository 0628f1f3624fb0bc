-- Grain: one row per conversion and session of its journey.
-- Answers: what led to the conversion, in what order?
-- The sessions of the user before the conversion, within the lookback, in order of time; if there are
-- more than a journey holds, the latest of them. Users with so many sessions are rare, and only their
-- sessions are ranked: otherwise each of their conversions would pair with every session.
{% import 'macros/shared.sql' as m with context %}
{% set is_before = attribution.boundary == 'before' %}
{#- A conversion with a session of its user. -#}
{% macro columns() -%}
ends.conv_id,
    ends.conversion_date,
    ends.conversion_ts,
    ends.revenue,
    sessions.session_id,
    sessions.event_ts AS session_ts,
    sessions.event_date AS session_date,
    sessions.channel_name,
    sessions.holder_engagement,
    sessions.closer_engagement,
    sessions.impression_interaction
{%- endmacro %}
{#- The journey reaches back to the session. -#}
{% macro within_reach() -%}
    {%- if attribution.lookback_days %}
    AND sessions.event_ts >= ends.conversion_ts - INTERVAL '{{ attribution.lookback_days }} days'
    {%- endif %}
    {%- if attribution.break_at_conversion %}
    AND (ends.last_conversion_ts IS NULL OR sessions.event_ts
      {{- ' >= ' if is_before else ' > ' -}} ends.last_conversion_ts)
    {%- endif %}
{%- endmacro %}
WITH ends AS (
  SELECT
    conv_id,
    user_id,
    event_ts AS conversion_ts,
    event_date AS conversion_date,
    revenue
    {%- if attribution.break_at_conversion %},
    LAG(event_ts) OVER (PARTITION BY user_id ORDER BY event_ts, conv_id) AS last_conversion_ts
    {%- endif %}
  FROM core.conversions
),
crowded AS (
  SELECT user_id
  FROM core.sessions
  GROUP BY user_id
  HAVING COUNT(*) > {{ attribution.most_sessions }}
),
ranked AS (
  SELECT
    user_id,
    session_id,
    event_ts,
    ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY event_ts, session_id) AS session_number
  FROM core.sessions
  WHERE user_id IN (SELECT user_id FROM crowded)
),
-- A conversion comes {{ 'before' if is_before else 'after' }} sessions in the same second.
newest AS (
  SELECT
    user_id,
    conv_id,
    COUNT(CASE WHEN is_session = 1 THEN 1 END) OVER (
      PARTITION BY user_id ORDER BY event_ts, is_session{{ '' if is_before else ' DESC' }}, conv_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS session_number
  FROM (
    SELECT user_id, NULL AS conv_id, event_ts, 1 AS is_session FROM ranked
    UNION ALL
    SELECT user_id, conv_id, conversion_ts, 0
    FROM ends
    WHERE user_id IN (SELECT user_id FROM crowded)
  ) AS events
),
-- Positions are listed before the join; otherwise every pair would be compared.
wanted AS (
  SELECT
    conv_id,
    user_id,
    UNNEST(GENERATE_SERIES(
      GREATEST(session_number - {{ attribution.most_sessions - 1 }}, 1), session_number
    )) AS session_number
  FROM newest
  WHERE conv_id IS NOT NULL
),
kept AS (
  SELECT wanted.conv_id, ranked.session_id
  FROM wanted
  JOIN ranked
    ON ranked.user_id = wanted.user_id AND ranked.session_number = wanted.session_number
),
pairs AS (
  SELECT
    {{ columns() }}
  FROM (SELECT * FROM ends WHERE user_id NOT IN (SELECT user_id FROM crowded)) AS ends
  JOIN core.sessions AS sessions
    ON sessions.user_id = ends.user_id
    {%- if is_before %}
    AND sessions.event_ts < ends.conversion_ts
    {%- else %}
    AND sessions.event_ts <= ends.conversion_ts
    {%- endif %}
    {{- within_reach() }}
  WHERE ends.conversion_date >= $start AND ends.conversion_date <= $end
  UNION ALL
  SELECT
    {{ columns() }}
  FROM ends
  JOIN kept ON kept.conv_id = ends.conv_id
  JOIN core.sessions AS sessions
    ON sessions.session_id = kept.session_id
    {{- within_reach() }}
  WHERE ends.conversion_date >= $start AND ends.conversion_date <= $end
)
SELECT
  conv_id,
  session_id,
  conversion_date,
  conversion_ts,
  CAST(ROW_NUMBER() OVER journey AS INTEGER) AS position,
  CAST(COUNT(*) OVER (PARTITION BY conv_id) AS INTEGER) AS sessions_in_journey,
  session_ts,
  session_date,
  channel_name,
  holder_engagement,
  closer_engagement,
  impression_interaction,
  {{ m.seconds('session_ts', 'conversion_ts') }} AS seconds_to_conversion,
  {{ m.seconds('session_ts', 'MAX(session_ts) OVER (PARTITION BY conv_id)') }} AS seconds_to_last,
  {{ m.seconds('LAG(session_ts) OVER journey', 'session_ts') }} AS seconds_since_previous,
  revenue
FROM pairs
WINDOW journey AS (PARTITION BY conv_id ORDER BY session_ts, session_id)
