-- Grain: one row.
-- Answers: how many journeys has the IHC API scored, refused, not seen yet, or cannot take?
{% import 'macros/journey_key.sql' as journey with context %}
{{ journey.counts('marts.customer_journeys', 'raw.ihc_answers', 'raw.ihc_rejections') }}
