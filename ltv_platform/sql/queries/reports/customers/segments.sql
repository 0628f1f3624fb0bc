-- Grain: one row per segment.
-- Answers: how many customers are in it, and what are they worth?
{% import 'macros/shared.sql' as m with context %}
SELECT
  segment,
  COUNT(*) AS customers,
  {{ m.quotient('COUNT(*)', 'SUM(COUNT(*)) OVER ()') }} AS share,
  SUM(monetary) AS monetary,
  {{ m.quotient('SUM(monetary)', 'SUM(SUM(monetary)) OVER ()') }} AS monetary_share,
  {{ m.quotient('SUM(monetary)', 'COUNT(*)') }} AS avg_monetary,
  MEDIAN(recency_days) AS median_recency_days,
  MEDIAN(frequency) AS median_frequency,
  MIN(status) AS status
FROM rfm_segments
GROUP BY segment
ORDER BY SUM(monetary) DESC, segment
