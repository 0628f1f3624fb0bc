-- Grain: one row per day of a conversion whose journey the IHC API is still to score.
-- Answers: which days is the next run to look at, though nothing was loaded?
{% import 'macros/journey_key.sql' as journey with context %}
SELECT DISTINCT conversion_date
FROM (
  {{ journey.missing('marts.customer_journeys', 'raw.ihc_answers', 'raw.ihc_rejections') | indent(2) }}
) AS missing
ORDER BY conversion_date
