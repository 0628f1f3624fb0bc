-- Grain: one row per segment {{ migration_days }} days ago and current segment.
-- Answers: where did the customers of a segment go, and what are they worth?
-- The segments of the earlier day are recomputed from the purchases up to that day.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/rfm.sql' as rfm with context %}
{% set then = '(CAST($as_of AS DATE) - %d)' % migration_days %}
WITH known AS (
  SELECT customer_id FROM core.customers WHERE install_date <= {{ then }}
),
bought AS (
  {{ rfm.bought('known', end=m.midnight(then ~ ' + 1')) }}
),
earlier AS (
  {{ rfm.scored('bought', then) }}
),
-- New customers have no earlier segment, but the others were ranked in a small base.
base AS (
  SELECT COUNT(CASE WHEN status = 'ok' THEN 1 END) AS sound FROM earlier
)
SELECT
  COALESCE(earlier.segment, '(new)') AS from_segment,
  now.segment AS to_segment,
  {{ then }} AS from_date,
  CAST($as_of AS DATE) AS to_date,
  COUNT(*) AS customers,
  {{ m.total('SUM(now.monetary)') }} AS monetary,
  CASE
    WHEN MAX(CASE WHEN now.status = 'small_base' OR base.sound = 0 THEN 1 ELSE 0 END) = 1
    THEN 'small_base'
    ELSE 'ok'
  END AS status
FROM marts.rfm_segments AS now
LEFT JOIN earlier ON earlier.customer_id = now.customer_id
CROSS JOIN base
GROUP BY COALESCE(earlier.segment, '(new)'), now.segment
