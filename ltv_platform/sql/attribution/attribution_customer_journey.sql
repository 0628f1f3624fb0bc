-- Grain: one row per conversion and session that IHC scored.
-- Answers: what is its IHC, in the columns that other pipelines expect?
SELECT conv_id, session_id, conversion_date, ihc
FROM marts.ihc_attribution
