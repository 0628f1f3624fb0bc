-- Grain: one row per session, its newest version, with its cost (each session's cost once).
-- Answers: which channel brought whom, when, and at what cost?
-- The newest version of each key counts, unless it is a deletion; a session without a known cost
-- costs 0.
{% import 'macros/shared.sql' as m with context %}
WITH newest AS (
  {{ m.newest_versions('session_sources', 'session_id', 'session_ts', updated_at=false, deleted=true) }}
),
costs AS (
  SELECT session_id, cost
  FROM raw.session_costs
  WHERE session_id IN (SELECT session_id FROM newest)
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY session_id ORDER BY load_sequence DESC, line DESC
  ) = 1
)
SELECT
  newest.session_id,
  user_id,
  channel_name,
  session_ts AS event_ts,
  {{ m.day('session_ts') }} AS event_date,
  holder_engagement,
  closer_engagement,
  impression_interaction,
  {{ m.money('COALESCE(costs.cost, 0)') }} AS cost
FROM newest
LEFT JOIN costs ON costs.session_id = newest.session_id
WHERE {{ m.day('session_ts') }} >= $start AND {{ m.day('session_ts') }} <= $end
  AND {{ m.day('session_ts') }} <= $as_of
