-- Grain: one row.
-- Answers: how many journeys has the IHC API scored, refused, not seen yet, or cannot take?
-- Not a table: attribution/ledger.py asks it.
{% import 'attribution/journey_key.sql' as journey with context %}
{{ journey.counts('marts.customer_journeys', 'raw.ihc_answers', 'raw.ihc_rejections') }}
