-- Grain: one row per interaction, its newest version.
-- Answers: when and how was a customer in contact?
-- The newest version of each key counts.
{% import 'macros/shared.sql' as m with context %}
WITH newest AS (
  {{ m.newest_versions('customer_interactions', 'interaction_id', 'interaction_date') }}
)
SELECT
  interaction_id,
  customer_id,
  interaction_date AS event_ts,
  {{ m.day('interaction_date') }} AS event_date,
  interaction_type,
  channel,
  duration_seconds,
  satisfaction_score
FROM newest
WHERE {{ m.day('interaction_date') }} >= $start AND {{ m.day('interaction_date') }} <= $end
  AND {{ m.day('interaction_date') }} <= $as_of
