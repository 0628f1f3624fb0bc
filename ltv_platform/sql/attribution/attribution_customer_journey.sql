-- Grain: one row per conversion and session that IHC scored.
-- Answers: what did the session earn?
-- The column ihc of ihc_attribution, in the form that other pipelines expect.
SELECT conv_id, session_id, conversion_date, ihc
FROM marts.ihc_attribution
