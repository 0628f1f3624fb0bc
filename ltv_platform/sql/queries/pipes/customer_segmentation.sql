-- Grain: one row per customer who registered by the end of the window.
-- Answers: who bought recently, often and a lot in a window of time, compared with other customers?
-- Scores as rfm_segments does, from the transactions of the window; recency counts to its last day.
{% import 'macros/rfm.sql' as rfm with context %}
WITH known AS (
  SELECT customer_id FROM core.customers WHERE install_date <= $last_day
),
bought AS (
  {{ rfm.bought('known', start='$window_start', end='$window_end') }}
)
{{ rfm.scored('bought', 'CAST($last_day AS DATE)') }}
