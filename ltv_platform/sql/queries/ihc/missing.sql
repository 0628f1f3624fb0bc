-- Grain: one row per session of a journey that the IHC API still has to score.
-- Answers: what must be sent, in the order in which it is packed?
-- Not a table: attribution/ihc_api/ledger.py runs it. $waiting: days whose journeys are stale.
{% import 'macros/journey_key.sql' as journey with context %}
WITH missing AS (
  {{ journey.missing('marts.customer_journeys', 'raw.ihc_answers', 'raw.ihc_rejections') | indent(2) }}
)
SELECT
  missing.journey_key,
  missing.conv_id,
  missing.conversion_date,
  journeys.session_id,
  STRFTIME(journeys.session_ts, '%Y-%m-%d %H:%M:%S') AS session_time,
  journeys.channel_name,
  journeys.holder_engagement,
  journeys.closer_engagement,
  journeys.impression_interaction
FROM missing
JOIN marts.customer_journeys AS journeys ON journeys.conv_id = missing.conv_id
WHERE missing.conversion_date NOT IN (SELECT UNNEST(CAST($waiting AS DATE[])))
ORDER BY missing.conversion_ts, missing.conv_id, journeys.position
