-- Grain: one row.
-- Answers: how many journeys has the IHC API scored, rejected or not seen, and how many are too long?
-- Not a table: attribution/ihc_api/ledger.py runs it.
{% import 'macros/journey_key.sql' as journey with context %}
{{ journey.counts('marts.customer_journeys', 'raw.ihc_answers', 'raw.ihc_rejections') }}
