-- Grain: one row per conversion and session that the IHC API scored.
-- Answers: how did it score the current journeys?
-- Reads the snapshot. The answer to an earlier form of a journey has another key.
{% import 'macros/journey_key.sql' as journey with context %}
WITH asked AS (
  {{ journey.keys('customer_journeys') | indent(2) }}
)
SELECT
  journeys.conv_id,
  journeys.session_id,
  journeys.session_ts,
  journeys.session_date,
  journeys.channel_name,
  journeys.holder_engagement,
  journeys.closer_engagement,
  journeys.impression_interaction,
  answers.ihc
FROM asked
JOIN ihc_answers AS answers ON answers.journey_key = asked.journey_key
JOIN customer_journeys AS journeys
  ON journeys.conv_id = asked.conv_id AND journeys.session_id = answers.session_id
