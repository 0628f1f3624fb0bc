{#- markov_path: a journey's credit by the removal effects of its channels. -#}
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/credits.sql' as c with context %}

{#- Rows of that model, with the stored columns of marts.attribution.
    Reads the linear rows there, which are all sessions of all journeys, and marts.markov_channels.
    A channel earns its removal effect (order 1) over the sum of those of the journey's channels,
    shared equally by its sessions; where all are 0, all channels earn alike. Where none is known,
    because there are too many channels, there is no such model. -#}
{% macro markov_path() -%}
WITH steps AS (
  SELECT
    linear.conv_id,
    linear.session_id,
    linear.conversion_date,
    linear.session_date,
    linear.channel_name,
    linear.position,
    linear.engine,
    {{ m.money('SUM(linear.revenue) OVER (PARTITION BY linear.conv_id)') }} AS revenue,
    CAST(COALESCE(markov.removal_effect, 0) AS DECIMAL(18,15)) AS effect,
    COUNT(*) OVER channel AS visits,
    linear.position = MIN(linear.position) OVER channel AS opens_channel
  FROM marts.attribution AS linear
  LEFT JOIN marts.markov_channels AS markov
    ON markov.channel_name = linear.channel_name AND markov.markov_order = 1
  WHERE linear.model = 'linear' AND linear.session_id IS NOT NULL
  WINDOW channel AS (PARTITION BY linear.conv_id, linear.channel_name)
),
totals AS (
  SELECT
    *,
    SUM(CASE WHEN opens_channel THEN effect ELSE 0 END) OVER (PARTITION BY conv_id) AS total,
    COUNT(CASE WHEN opens_channel THEN 1 END) OVER (PARTITION BY conv_id) AS channels
  FROM steps
),
weights AS (
  SELECT
    {{ c.session }}, engine, revenue,
    CASE WHEN total > 0 THEN effect ELSE 1 END AS weight,
    (CASE WHEN total > 0 THEN total ELSE channels END) * visits AS weight_of_journey
  FROM totals
),
shares AS (
  SELECT
    {{ c.session }}, engine, revenue,
    {{ c.weighted('weight', 'weight_of_journey') }} AS share
  FROM weights
),
parts AS (
  SELECT
    *,
    {{ c.revenue_of('revenue', 'share') }} AS part,
    position = MAX(CASE WHEN share > 0 THEN position END) OVER (PARTITION BY conv_id) AS takes_rest
  FROM shares
),
credits AS (
  SELECT
    {{ c.session }}, engine,
    {{ c.with_rest('share', 1, 'takes_rest') }} AS credit,
    {{ c.with_rest('part', 'revenue', 'takes_rest') }} AS revenue
  FROM parts
  WINDOW journey AS (PARTITION BY conv_id)
),
earned AS (
  SELECT
    {{ c.session }},
    {{ m.credit('credit') }} AS credit,
    {{ m.money('revenue') }} AS revenue,
    engine
  FROM credits
  WHERE credit > 0
  UNION ALL
  SELECT {{ c.session }}, credit, revenue, engine
  FROM marts.attribution
  WHERE model = 'linear' AND session_id IS NULL
)
SELECT
  'markov_path' AS model,
  conv_id,
  session_id,
  conversion_date,
  session_date,
  channel_name,
  position,
  credit,
  revenue,
  engine,
  {{ attribution.hash('markov_path') | literal }} AS params_hash
FROM earned
WHERE EXISTS (SELECT 1 FROM marts.markov_channels AS known WHERE known.markov_order = 1)
{%- endmacro %}
