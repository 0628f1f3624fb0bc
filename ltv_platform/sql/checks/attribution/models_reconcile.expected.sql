-- Grain: one row.
-- Answers: what must the rows of every model add up to, and are removal effects known?
SELECT
  (SELECT COUNT(*) FROM core.conversions) AS conversions,
  (SELECT COALESCE(SUM(revenue), 0) FROM core.conversions) AS revenue,
  (SELECT COALESCE(SUM(cost), 0) FROM core.sessions) AS cost,
  EXISTS (SELECT 1 FROM marts.markov_channels WHERE markov_order = 1) AS effects_are_known
