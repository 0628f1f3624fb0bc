-- Grain: one row per figure, and per reason if there are several.
-- Answers: what was sent to the IHC API, what did it answer, what remains?
-- Not a table: `ltv attribution status` runs it on the published snapshot.
{% import 'macros/journey_key.sql' as journey with context %}
WITH counts AS (
  {{ journey.counts('customer_journeys', 'ihc_answers', 'ihc_rejections') | indent(2) }}
),
in_use AS (
  SELECT journey_key FROM ({{ journey.keys('customer_journeys') | indent(2) }}) AS asked
),
figures AS (
  SELECT 1 AS part, 'journeys paid' AS figure, COUNT(DISTINCT journey_key) AS count,
    'answered by the API at any time' AS detail
  FROM ihc_answers
  UNION ALL
  SELECT 2, 'journeys cached', COUNT(DISTINCT conv_id), 'answers that the figures use now'
  FROM ihc_attribution
  WHERE engine = 'api'
  UNION ALL
  SELECT 3, 'journeys over the cap', too_long,
    'longer than LTV_IHC_REQUEST_SESSIONS ({{ attribution.request_sessions }}): scored locally'
  FROM counts
  UNION ALL
  SELECT 4, 'journeys pending', {{ 'pending' if attribution.engine == 'api' else '0' }},
    {{ 'the next ltv run sends them' | literal if attribution.engine == 'api'
      else 'the local engine scores all journeys' | literal }}
  FROM counts
  UNION ALL
  SELECT 5, 'journeys rejected', COUNT(*), reason
  FROM ihc_rejections
  WHERE journey_key IN (SELECT journey_key FROM in_use)
  GROUP BY reason
  UNION ALL
  SELECT 6, 'requests sent', COUNT(*), 'retries not counted' FROM ihc_requests
  UNION ALL
  SELECT 7, 'requests failed', COUNT(*), reason FROM ihc_requests WHERE status = 'failed' GROUP BY reason
  UNION ALL
  SELECT 8, 'requests in doubt', COUNT(*), 'sent, and the process ended before the answer was kept'
  FROM ihc_requests WHERE status = 'sent'
)
SELECT figure, count, detail FROM figures ORDER BY part, count DESC, detail
