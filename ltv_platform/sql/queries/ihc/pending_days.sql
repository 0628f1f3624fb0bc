-- Grain: one row per day with a conversion whose journey the IHC API still has to score.
-- Answers: which days must the next run check, even if nothing was loaded?
-- Not a table: attribution/ihc_api/ledger.py runs it.
{% import 'macros/journey_key.sql' as journey with context %}
SELECT DISTINCT conversion_date
FROM (
  {{ journey.missing('marts.customer_journeys', 'raw.ihc_answers', 'raw.ihc_rejections') | indent(2) }}
) AS missing
ORDER BY conversion_date
