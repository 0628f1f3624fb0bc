-- Grain: one row per step of the chain: the channels before it, and where it leads.
-- Answers: how often does which channel follow which, lead to a conversion, or to nothing?
-- Its rows are counted steps; attribution/markov.py makes the table of them.
WITH touches AS (
  SELECT
    conv_id AS path_id, channel_name, session_ts, session_id, TRUE AS converts
  FROM marts.customer_journeys
  UNION ALL
  SELECT user_id, channel_name, event_ts, session_id, FALSE
  FROM core.sessions
  WHERE session_id NOT IN (SELECT session_id FROM marts.customer_journeys)
)
SELECT channel_name, COUNT(*) AS steps FROM touches GROUP BY channel_name
