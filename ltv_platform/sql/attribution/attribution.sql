-- Grain: one row per model, conversion and session that earned any of it; one row per model and
-- conversion that has no session, or no score yet.
-- Answers: which session earned how much of which conversion?
-- markov_path depends on the whole history; the presentation adds it.
{% import 'macros.sql' as m with context %}
{% set models = ['first', 'last', 'last_non_direct', 'linear', 'position', 'time_decay', 'shapley', 'ihc'] %}
WITH steps AS (
  SELECT
    journeys.conv_id,
    journeys.session_id,
    journeys.conversion_date,
    journeys.session_date,
    journeys.channel_name,
    position,
    sessions_in_journey AS n,
    conversions.revenue,
    scores.ihc AS ihc_score,
    scores.engine AS ihc_engine,
    MAX(CASE WHEN LOWER(journeys.channel_name) NOT IN (
      {%- for name in attribution.direct_channels %}{{ name | literal }}{{ ', ' if not loop.last }}{% endfor -%}
    ) THEN position END) OVER (PARTITION BY journeys.conv_id) AS last_non_direct,
    CAST(POWER(0.5, (seconds_to_conversion - MIN(seconds_to_conversion) OVER (PARTITION BY journeys.conv_id))
      / {{ attribution.half_life_days * 86400 }}.0) AS DECIMAL(18,15)) AS decay,
    COUNT(*) OVER (PARTITION BY journeys.conv_id, journeys.channel_name) AS sessions_of_channel,
    ROW_NUMBER() OVER (PARTITION BY journeys.conv_id, journeys.channel_name ORDER BY position) AS visit
  FROM marts.customer_journeys AS journeys
  JOIN core.conversions AS conversions ON conversions.conv_id = journeys.conv_id
  LEFT JOIN marts.ihc_attribution AS scores
    ON scores.conv_id = journeys.conv_id AND scores.session_id = journeys.session_id
),
shares AS (
  SELECT
    *,
    CASE WHEN position = 1 THEN 1.0 ELSE 0.0 END AS share_first,
    CASE WHEN position = n THEN 1.0 ELSE 0.0 END AS share_last,
    CASE WHEN position = COALESCE(last_non_direct, n) THEN 1.0 ELSE 0.0 END AS share_last_non_direct,
    CAST(1 AS DOUBLE) / n AS share_linear,
    CASE
      WHEN n = 1 THEN 1.0
      WHEN n = 2 THEN 0.5
      WHEN position IN (1, n) THEN {{ attribution.position_share }}
      ELSE CAST({{ 1 - 2 * attribution.position_share }} AS DOUBLE) / (n - 2)
    END AS share_position,
    CAST(decay AS DOUBLE) / CAST(SUM(decay) OVER (PARTITION BY conv_id) AS DOUBLE) AS share_time_decay,
    CAST(1 AS DOUBLE) / SUM(CASE WHEN visit = 1 THEN 1 ELSE 0 END) OVER (PARTITION BY conv_id)
      / sessions_of_channel AS share_shapley,
    ihc_score AS share_ihc
  FROM steps
),
long AS (
  {%- for model in models %}
  SELECT
    {{ model | literal }} AS model, conv_id, session_id, conversion_date, session_date,
    channel_name, position, revenue AS conversion_revenue,
    {{ 'ihc_engine' if model == 'ihc' else "'sql'" }} AS engine,
    {{ m.rounded_down('share_' ~ model, 'DECIMAL(18,12)') }} AS share
  FROM shares
  WHERE share_{{ model }} > 0
  {{- '\n  UNION ALL' if not loop.last }}
  {%- endfor %}
),
credits AS (
  SELECT
    *,
    position = MAX(position) OVER (PARTITION BY model, conv_id) AS takes_remainder,
    CASE WHEN position = MAX(position) OVER (PARTITION BY model, conv_id)
      THEN 1 - (SUM(share) OVER (PARTITION BY model, conv_id) - share)
      ELSE share END AS credit
  FROM long
),
paid AS (
  SELECT *, {{ m.rounded_down('CAST(conversion_revenue AS DOUBLE) * CAST(credit AS DOUBLE)', 'DECIMAL(18,6)') }} AS part
  FROM credits
),
without AS (
  SELECT conversions.conv_id, event_date, revenue, journeys.conv_id IS NULL AS has_no_session, scored.conv_id IS NULL AS has_no_score
  FROM core.conversions AS conversions
  LEFT JOIN (SELECT DISTINCT conv_id FROM marts.customer_journeys) AS journeys
    ON journeys.conv_id = conversions.conv_id
  LEFT JOIN (SELECT DISTINCT conv_id FROM marts.ihc_attribution) AS scored
    ON scored.conv_id = conversions.conv_id
  WHERE journeys.conv_id IS NULL OR scored.conv_id IS NULL
)
SELECT
  model, conv_id, session_id, conversion_date, session_date, channel_name,
  {{ m.credit('credit') }} AS credit,
  {{ m.money('CASE WHEN takes_remainder THEN conversion_revenue - (SUM(part) OVER (PARTITION BY model, conv_id) - part) ELSE part END') }} AS revenue,
  engine,
  CASE model {% for model in models %}WHEN {{ model | literal }} THEN {{ attribution.hash(model) | literal }} {% endfor %}END AS params_hash
FROM paid
{%- for model in models %}
UNION ALL
SELECT
  {{ model | literal }}, conv_id, NULL, event_date, event_date,
  {% if model == 'ihc' %}CASE WHEN has_no_session THEN '(not attributed)' ELSE '(pending)' END{% else %}'(not attributed)'{% endif %},
  {{ m.credit('1') }}, revenue, 'none', {{ attribution.hash(model) | literal }}
FROM without
{% if model != 'ihc' %}WHERE has_no_session{% endif %}
{%- endfor %}
