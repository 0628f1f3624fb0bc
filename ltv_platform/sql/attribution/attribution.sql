-- Grain: one row per model, conversion and session with credit; one row per model and conversion
-- without a session, or without a score yet.
-- Answers: which session earned how much of which conversion?
-- Each model is a branch, so a query on one model computes only that one. markov_path depends on the
-- whole history; the presentation adds it.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/credits.sql' as c with context %}
{% set direct = attribution.direct_channels | map('literal') | join(', ') %}
WITH
-- Models that give all credit to one session.
decisive AS (
  SELECT
    conv_id,
    COALESCE(
      MAX(CASE WHEN LOWER(channel_name) NOT IN ({{ direct }}) THEN position END),
      MAX(position)
    ) AS position
  FROM marts.customer_journeys
  GROUP BY conv_id
),
winners AS (
  SELECT 'first' AS model, {{ c.session }}, revenue
  FROM marts.customer_journeys
  WHERE position = 1
  UNION ALL
  SELECT 'last', {{ c.session }}, revenue
  FROM marts.customer_journeys
  WHERE position = sessions_in_journey
  UNION ALL
  SELECT
    'last_non_direct',
    journeys.conv_id,
    journeys.session_id,
    journeys.conversion_date,
    journeys.session_date,
    journeys.channel_name,
    journeys.position,
    journeys.revenue
  FROM marts.customer_journeys AS journeys
  JOIN decisive
    ON decisive.conv_id = journeys.conv_id AND decisive.position = journeys.position
),
-- Models whose shares follow from the length of the journey.
shares_by_length AS (
  SELECT
    'linear' AS model, {{ c.session }}, sessions_in_journey, revenue,
    {{ c.part(1, 'sessions_in_journey') }} AS outer_share,
    {{ c.part(1, 'sessions_in_journey') }} AS inner_share
  FROM marts.customer_journeys
  UNION ALL
  SELECT
    'position', {{ c.session }}, sessions_in_journey, revenue,
    CASE
      WHEN sessions_in_journey <= 2 THEN {{ c.part(1, 'sessions_in_journey') }}
      ELSE {{ m.credit(attribution.position_share) }}
    END,
    {{ c.part(1 - 2 * attribution.position_share, 'GREATEST(sessions_in_journey - 2, 1)') }}
  FROM marts.customer_journeys
),
revenue_by_length AS (
  SELECT
    *,
    {{ c.revenue_of('revenue', 'outer_share') }} AS outer_revenue,
    {{ c.revenue_of('revenue', 'inner_share') }} AS inner_revenue
  FROM shares_by_length
),
-- Models whose shares follow from all sessions of the journey.
decays AS (
  -- Σ of DECIMAL is exact in any order; that of DOUBLE is not.
  SELECT
    *,
    CAST(
      POWER(0.5, seconds_to_last / {{ attribution.half_life_days * 86400 }}.0) AS DECIMAL(18,15)
    ) AS decay
  FROM marts.customer_journeys
),
visits AS (
  SELECT
    *,
    COUNT(*) OVER channel AS visits,
    CASE WHEN position = MIN(position) OVER channel THEN 1 ELSE 0 END AS opens_channel
  FROM marts.customer_journeys
  WINDOW channel AS (PARTITION BY conv_id, channel_name)
),
shares AS (
  SELECT
    'time_decay' AS model, {{ c.session }}, sessions_in_journey, revenue,
    {{ c.weighted('decay', 'SUM(decay) OVER (PARTITION BY conv_id)') }} AS share
  FROM decays
  UNION ALL
  SELECT
    'shapley', {{ c.session }}, sessions_in_journey, revenue,
    {{ c.part(1, 'visits * SUM(opens_channel) OVER (PARTITION BY conv_id)') }}
  FROM visits
),
revenue_of_shares AS (
  SELECT
    *,
    position = sessions_in_journey AS takes_rest,
    {{ c.revenue_of('revenue', 'share') }} AS part
  FROM shares
),
-- IHC: its scores already add up to 1; only their revenue leaves a remainder.
scores AS (
  SELECT
    journeys.*,
    scores.ihc AS score,
    scores.engine,
    journeys.position = MAX(journeys.position) OVER (PARTITION BY journeys.conv_id) AS takes_rest,
    {{ c.revenue_of('journeys.revenue', 'scores.ihc') }} AS part
  FROM marts.customer_journeys AS journeys
  JOIN marts.ihc_attribution AS scores
    ON scores.conv_id = journeys.conv_id AND scores.session_id = journeys.session_id
  WHERE scores.ihc > 0
),
earned AS (
  SELECT model, {{ c.session }}, {{ m.credit(1) }} AS credit, revenue, 'sql' AS engine
  FROM winners
  UNION ALL
  SELECT
    model, {{ c.session }},
    {{ m.credit(c.with_rest_by_length('outer_share', 'inner_share', 1)) }},
    {{ m.money(c.with_rest_by_length('outer_revenue', 'inner_revenue', 'revenue')) }},
    'sql'
  FROM revenue_by_length
  UNION ALL
  SELECT
    model, {{ c.session }},
    {{ m.credit(c.with_rest('share', 1, 'takes_rest')) }},
    {{ m.money(c.with_rest('part', 'revenue', 'takes_rest')) }},
    'sql'
  FROM revenue_of_shares
  WINDOW journey AS (PARTITION BY model, conv_id)
  UNION ALL
  SELECT
    'ihc', {{ c.session }},
    score,
    {{ m.money(c.with_rest('part', 'revenue', 'takes_rest')) }},
    engine
  FROM scores
  WINDOW journey AS (PARTITION BY conv_id)
),
models AS (
  SELECT *
  FROM (VALUES
    {%- for model in attribution.stored_models %}
    ({{ model | literal }}, {{ attribution.hash(model) | literal }}){{ ',' if not loop.last }}
    {%- endfor %}
  ) AS models (model, params_hash)
),
-- Conversions that no model, or only IHC, cannot credit to a session.
without AS (
  SELECT
    conversions.conv_id,
    conversions.event_date,
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
  CASE model
    {%- for model in attribution.stored_models %}
    WHEN {{ model | literal }} THEN {{ attribution.hash(model) | literal }}
    {%- endfor %}
  END AS params_hash
FROM earned
WHERE credit > 0
UNION ALL
SELECT
  models.model,
  without.conv_id,
  NULL,
  without.event_date,
  without.event_date,
  CASE WHEN without.has_no_session THEN {{ m.not_attributed }} ELSE {{ m.pending }} END,
  NULL,
  {{ m.credit(1) }},
  without.revenue,
  'none',
  models.params_hash
FROM without
JOIN models ON without.has_no_session OR models.model = 'ihc'
