-- Grain: one row.
-- Answers: how many names of segments are there, and how many pairs of scores have one?
SELECT
  COUNT(*) AS names,
  COUNT(DISTINCT (r_score, f_score)) FILTER (
    r_score BETWEEN 1 AND 5 AND f_score BETWEEN 1 AND 5 AND segment IS NOT NULL
  ) AS cells
FROM (
{% include 'macros/rfm_grid.sql' %}
) AS grid
