-- Grain: one row per conversion and session that the IHC API scored.
-- Answers: what did it say of journeys as they are now?
-- Reads the snapshot. An answer to other sessions than a journey has now is none to it.
WITH answered AS (
  SELECT journey_key, conv_id, COUNT(*) AS sessions
  FROM ihc_answers
  GROUP BY journey_key, conv_id
),
current_keys AS (
  SELECT answered.conv_id, MAX(answered.journey_key) AS journey_key
  FROM (
    SELECT answers.journey_key, answers.conv_id, MIN(journeys.sessions_in_journey) AS sessions, COUNT(*) AS known
    FROM ihc_answers AS answers
    JOIN customer_journeys AS journeys
      ON journeys.conv_id = answers.conv_id AND journeys.session_id = answers.session_id
    GROUP BY answers.journey_key, answers.conv_id
  ) AS matched
  JOIN answered
    ON answered.journey_key = matched.journey_key AND answered.conv_id = matched.conv_id
  WHERE matched.known = matched.sessions AND answered.sessions = matched.sessions
  GROUP BY answered.conv_id
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
FROM current_keys
JOIN ihc_answers AS answers
  ON answers.journey_key = current_keys.journey_key AND answers.conv_id = current_keys.conv_id
JOIN customer_journeys AS journeys
  ON journeys.conv_id = answers.conv_id AND journeys.session_id = answers.session_id
