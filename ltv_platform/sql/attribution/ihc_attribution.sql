-- Grain: one row per conversion and session that IHC scored.
-- Answers: who initiated, held and closed the conversion?
-- Shares of the three phases and of the conversion, by the IHC API or the local engine.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/ihc_local.sql' as local with context %}
{% import 'macros/journey_key.sql' as journey with context %}
{% if attribution.engine == 'api' %}
-- The API's answers. Journeys that are never sent and, with LTV_IHC_MIXED_ENGINES, journeys not scored
-- yet are scored locally and marked so.
WITH asked AS (
  {{ journey.keys('marts.customer_journeys') | indent(2) }}
),
answered AS (
  SELECT
    journeys.conv_id,
    journeys.session_id,
    journeys.conversion_date,
    journeys.position,
    {%- for phase in ['initializer', 'holder', 'closer', 'ihc'] %}
    {{ m.credit('answers.' ~ phase) }} AS {{ phase }}{{ ',' if not loop.last }}
    {%- endfor %}
  FROM asked
  JOIN marts.customer_journeys AS journeys ON journeys.conv_id = asked.conv_id
  JOIN raw.ihc_answers AS answers
    ON answers.journey_key = asked.journey_key AND answers.session_id = journeys.session_id
),
-- Four decimals need not add up to 1 exactly: rounded down, and the last session with any credit
-- takes the remainder.
sums AS (
  SELECT
    *,
    SUM(ihc) OVER (PARTITION BY conv_id) AS total,
    MAX(CASE WHEN ihc > 0 THEN position END) OVER (PARTITION BY conv_id) AS last_credited
  FROM answered
),
shares AS (
  SELECT
    *,
    CASE WHEN total = 1 THEN ihc
      ELSE {{ m.rounded_down('CAST(ihc AS DOUBLE) / CAST(total AS DOUBLE)', 'DECIMAL(18,12)') }}
    END AS share
  FROM sums
),
left_to_local AS (
  SELECT journeys.*
  FROM marts.customer_journeys AS journeys
  JOIN asked ON asked.conv_id = journeys.conv_id
  WHERE asked.journey_key NOT IN (SELECT journey_key FROM raw.ihc_answers)
  {%- if not attribution.mixed_engines %}
    AND asked.sessions > {{ attribution.request_sessions }}
  {%- endif %}
),
local_scores AS (
  {{ local.scores('left_to_local') | indent(2) }}
),
scored AS (
  SELECT
    conv_id, session_id, conversion_date, initializer, holder, closer,
    {{ m.credit('CASE
      WHEN position = last_credited THEN 1 - (SUM(share) OVER (PARTITION BY conv_id) - share)
      ELSE share
    END') }} AS ihc,
    'api' AS engine,
    CAST(NULL AS VARCHAR) AS preset
  FROM shares
  UNION ALL
  SELECT
    conv_id, session_id, conversion_date, initializer, holder, closer, ihc,
    'local' AS engine,
    {{ attribution.preset | literal }} AS preset
  FROM local_scores
)
{%- else %}
WITH local_scores AS (
  {{ local.scores('marts.customer_journeys') | indent(2) }}
),
scored AS (
  SELECT *, 'local' AS engine, {{ attribution.preset | literal }} AS preset FROM local_scores
)
{%- endif %}
SELECT
  conv_id,
  session_id,
  conversion_date,
  initializer,
  holder,
  closer,
  ihc,
  engine,
  preset,
  {{ attribution.hash('ihc') | literal }} AS params_hash
FROM scored
