-- Grain: one row.
-- Answers: are there too few buyers to score them?
SELECT COUNT(*) FILTER (status <> 'ok') > 0 AS too_few FROM rfm_segments
