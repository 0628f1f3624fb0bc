-- Grain: one row per model, conversion and session that earned any of it; one row per model and
-- conversion that has no session, or no score yet.
-- Answers: which session earned how much of which conversion?
-- markov_path depends on the whole history; the presentation adds it.
{% import 'macros.sql' as m with context %}
{% import 'attribution/credits.sql' as c with context %}
{#- Models that give all to one session, and which; then those that give shares. -#}
{% set all_to = {
  'first': 'position = 1',
  'last': 'position = n',
  'last_non_direct': 'position = COALESCE(last_non_direct, n)',
} %}
{% set shared = ['linear', 'position', 'time_decay', 'shapley', 'ihc'] %}
{% set models = all_to.keys() | list + shared %}
WITH steps AS (
  SELECT
    journeys.conv_id,
    journeys.session_id,
    journeys.conversion_date,
    journeys.session_date,
    journeys.channel_name,
    position,
    sessions_in_journey AS n,
    seconds_to_conversion,
    revenue,
    scores.ihc AS score,
    scores.engine AS score_engine,
    LOWER(journeys.channel_name) IN (
      {%- for name in attribution.direct_channels %}{{ name | literal }}{{ ', ' if not loop.last }}{% endfor -%}
    ) AS is_direct,
    COUNT(*) OVER channel AS visits,
    CASE WHEN position = MIN(position) OVER channel THEN 1 ELSE 0 END AS opens_channel
  FROM marts.customer_journeys AS journeys
  JOIN core.conversions AS conversions ON conversions.conv_id = journeys.conv_id
  LEFT JOIN marts.ihc_attribution AS scores
    ON scores.conv_id = journeys.conv_id AND scores.session_id = journeys.session_id
  WINDOW channel AS (PARTITION BY journeys.conv_id, journeys.channel_name)
),
weights AS (
  SELECT
    *,
    MAX(CASE WHEN NOT is_direct THEN position END) OVER journey AS last_non_direct,
    SUM(opens_channel) OVER journey AS channels,
    COUNT(score) OVER journey AS scored,
    MAX(CASE WHEN score > 0 THEN position END) OVER journey AS last_scored,
    CAST(POWER(0.5, (seconds_to_conversion - MIN(seconds_to_conversion) OVER journey)
      / {{ attribution.half_life_days * 86400 }}.0) AS DECIMAL(18,15)) AS decay
  FROM steps
  WINDOW journey AS (PARTITION BY conv_id)
),
shares AS (
  SELECT
    *,
    position = n AS is_last,
    scored > 0 AND position = COALESCE(last_scored, n) AS is_last_scored,
    {{ c.part('1', 'n') }} AS share_linear,
    CASE
      WHEN n <= 2 THEN {{ c.part('1', 'n') }}
      WHEN position = 1 THEN {{ m.credit(attribution.position_share) }}
      ELSE {{ c.part(1 - 2 * attribution.position_share, 'n - 2') }}
    END AS share_position,
    {{ c.weighted('decay', 'SUM(decay) OVER (PARTITION BY conv_id)') }} AS share_time_decay,
    {{ c.part('1', 'channels * visits') }} AS share_shapley,
    COALESCE(score, 0) AS share_ihc
  FROM weights
),
credits AS (
  SELECT
    conv_id, session_id, conversion_date, session_date, channel_name, position, revenue, score_engine,
    {%- for model, whose in all_to.items() %}
    {{ m.credit('CASE WHEN ' ~ whose ~ ' THEN 1 ELSE 0 END') }} AS credit_{{ model }},
    {{ m.money('CASE WHEN ' ~ whose ~ ' THEN revenue ELSE 0 END') }} AS revenue_{{ model }},
    {%- endfor %}
    {%- for model in shared %}
    {%- set takes_rest = 'is_last_scored' if model == 'ihc' else 'is_last' %}
    {{ m.credit(c.with_rest('share_' ~ model, '1', takes_rest)) }} AS credit_{{ model }},
    {{ m.money(c.with_rest(c.revenue_of('revenue', 'share_' ~ model), 'revenue', takes_rest)) }} AS revenue_{{ model }}
    {{- ',' if not loop.last }}
    {%- endfor %}
  FROM shares
  WINDOW journey AS (PARTITION BY conv_id)
),
models AS (
  SELECT *
  FROM (VALUES
    {%- for model in models %}
    ({{ model | literal }}, {{ attribution.hash(model) | literal }}){{ ',' if not loop.last }}
    {%- endfor %}
  ) AS models (model, params_hash)
),
earned AS (
  SELECT
    model,
    conv_id,
    session_id,
    conversion_date,
    session_date,
    channel_name,
    position,
    CASE model{% for model in models %} WHEN {{ model | literal }} THEN credit_{{ model }}{% endfor %} END AS credit,
    CASE model{% for model in models %} WHEN {{ model | literal }} THEN revenue_{{ model }}{% endfor %} END AS revenue,
    CASE WHEN model = 'ihc' THEN score_engine ELSE 'sql' END AS engine,
    params_hash
  FROM credits
  CROSS JOIN models
),
without AS (
  SELECT
    conversions.conv_id,
    event_date,
    revenue,
    journeys.conv_id IS NULL AS has_no_session
  FROM core.conversions AS conversions
  LEFT JOIN marts.customer_journeys AS journeys
    ON journeys.conv_id = conversions.conv_id AND journeys.position = 1
  LEFT JOIN (SELECT DISTINCT conv_id FROM marts.ihc_attribution) AS scored
    ON scored.conv_id = conversions.conv_id
  WHERE journeys.conv_id IS NULL OR scored.conv_id IS NULL
)
SELECT *
FROM earned
WHERE credit > 0
UNION ALL
SELECT
  model,
  conv_id,
  NULL,
  event_date,
  event_date,
  CASE WHEN has_no_session THEN '(not attributed)' ELSE '(pending)' END,
  NULL,
  {{ m.credit('1') }},
  revenue,
  'none',
  params_hash
FROM without
JOIN models ON has_no_session OR model = 'ihc'
