-- Grain: one row per conversion and session of its journey.
-- Answers: what led to the conversion, in which order?
-- The sessions of the user before the conversion, as far as the lookback reaches, in order of
-- time.
{% import 'macros.sql' as m with context %}
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
pairs AS (
  SELECT
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
  FROM ends
  JOIN core.sessions AS sessions
    ON sessions.user_id = ends.user_id
    {%- if attribution.boundary == 'before' %}
    AND sessions.event_ts < ends.conversion_ts
    {%- else %}
    AND sessions.event_ts <= ends.conversion_ts
    {%- endif %}
    {%- if attribution.lookback_days %}
    AND sessions.event_ts >= ends.conversion_ts - INTERVAL '{{ attribution.lookback_days }} days'
    {%- endif %}
    {%- if attribution.break_at_conversion %}
    AND (ends.last_conversion_ts IS NULL OR sessions.event_ts
      {{- ' >= ' if attribution.boundary == 'before' else ' > ' -}} ends.last_conversion_ts)
    {%- endif %}
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
