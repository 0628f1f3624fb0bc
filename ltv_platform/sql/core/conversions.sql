-- Grain: one row per conversion, its newest version.
-- Answers: who converted, when, and for how much?
-- The newest version of each key counts.
{% import 'macros/shared.sql' as m with context %}
WITH newest AS (
  {{ m.newest_versions('conversions', 'conv_id', 'conversion_ts', updated_at=false) }}
)
SELECT
  conv_id,
  user_id,
  conversion_ts AS event_ts,
  {{ m.day('conversion_ts') }} AS event_date,
  revenue
FROM newest
WHERE {{ m.day('conversion_ts') }} >= $start AND {{ m.day('conversion_ts') }} <= $end
  AND {{ m.day('conversion_ts') }} <= $as_of
