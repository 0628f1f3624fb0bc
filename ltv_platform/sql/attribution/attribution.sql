-- Grain: one row per model, conversion and session that earned any of it; one row per model and
-- conversion that has no session, or no score yet.
-- Answers: which session earned how much of which conversion?
-- A branch per model, so that whoever asks for one pays for one. markov_path depends on the whole
-- history; the presentation adds it.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/credits.sql' as c with context %}
{% set models = attribution.stored_models %}
{% set n = 'sessions_in_journey' %}
WITH earned AS (
  {{ c.all_to('first', 'position = 1') }}
  UNION ALL
  {{ c.all_to('last', 'position = ' ~ n) }}
  UNION ALL
  SELECT {{ c.columns('last_non_direct', 'journeys') }},
    {{ m.credit('1') }} AS credit, revenue, 'sql' AS engine
  FROM marts.customer_journeys AS journeys
  JOIN (
    SELECT
      conv_id,
      COALESCE(MAX(CASE WHEN LOWER(channel_name) NOT IN (
        {%- for name in attribution.direct_channels %}{{ name | literal }}{{ ', ' if not loop.last }}{% endfor -%}
      ) THEN position END), MAX(position)) AS position
    FROM marts.customer_journeys
    GROUP BY conv_id
  ) AS decisive
    ON decisive.conv_id = journeys.conv_id AND decisive.position = journeys.position
  UNION ALL
  {{ c.in_closed_form('linear', c.part('1', n), c.part('1', n)) }}
  UNION ALL
  {{ c.in_closed_form(
    'position',
    'CASE WHEN ' ~ n ~ ' <= 2 THEN ' ~ c.part('1', n) ~ ' ELSE ' ~ m.credit(attribution.position_share) ~ ' END',
    c.part(1 - 2 * attribution.position_share, 'GREATEST(' ~ n ~ ' - 2, 1)')
  ) }}
  UNION ALL
  -- Σ of DECIMAL is exact in any order; that of DOUBLE is not.
  {{ c.by_shares('time_decay', c.weighted('decay', 'SUM(decay) OVER (PARTITION BY conv_id)'), "(
    SELECT
      *,
      CAST(POWER(0.5, seconds_to_last / " ~ attribution.half_life_days * 86400 ~ ".0) AS DECIMAL(18,15)) AS decay
    FROM marts.customer_journeys
  )") }}
  UNION ALL
  {{ c.by_shares('shapley', c.part('1', 'visits * SUM(opens_channel) OVER (PARTITION BY conv_id)'), "(
    SELECT
      *,
      COUNT(*) OVER channel AS visits,
      CASE WHEN position = MIN(position) OVER channel THEN 1 ELSE 0 END AS opens_channel
    FROM marts.customer_journeys
    WINDOW channel AS (PARTITION BY conv_id, channel_name)
  )") }}
  UNION ALL
  -- The scores add up to 1 already; only their revenue has a rest.
  SELECT {{ c.columns('ihc', 'scored') }}, score AS credit,
    {{ m.money(c.with_rest(c.revenue_of('revenue', 'score'), 'revenue', 'position = last_scored')) }} AS revenue,
    engine
  FROM (
    SELECT
      journeys.*,
      scores.ihc AS score,
      scores.engine,
      MAX(journeys.position) OVER (PARTITION BY journeys.conv_id) AS last_scored
    FROM marts.customer_journeys AS journeys
    JOIN marts.ihc_attribution AS scores
      ON scores.conv_id = journeys.conv_id AND scores.session_id = journeys.session_id
    WHERE scores.ihc > 0
  ) AS scored
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
without AS (
  SELECT
    conversions.conv_id,
    event_date,
    conversions.revenue,
    journeys.conv_id IS NULL AS has_no_session
  FROM core.conversions AS conversions
  LEFT JOIN marts.customer_journeys AS journeys
    ON journeys.conv_id = conversions.conv_id AND journeys.position = 1
  LEFT JOIN (SELECT DISTINCT conv_id FROM marts.ihc_attribution) AS scored
    ON scored.conv_id = conversions.conv_id
  WHERE journeys.conv_id IS NULL OR scored.conv_id IS NULL
)
SELECT
  model,
  conv_id,
  session_id,
  conversion_date,
  session_date,
  channel_name,
  position,
  credit,
  revenue,
  engine,
  CASE model{% for model in models %} WHEN {{ model | literal }} THEN {{ attribution.hash(model) | literal }}{% endfor %} END AS params_hash
FROM earned
WHERE credit > 0
UNION ALL
SELECT
  model,
  conv_id,
  NULL,
  event_date,
  event_date,
  CASE WHEN has_no_session THEN {{ m.not_attributed }} ELSE {{ m.pending }} END,
  NULL,
  {{ m.credit('1') }},
  revenue,
  'none',
  params_hash
FROM without
JOIN models ON has_no_session OR model = 'ihc'
