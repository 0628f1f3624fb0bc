{#- The segment of each of the 25 pairs of recency and frequency scores. -#}
SELECT
  CAST(cells.r_score AS INTEGER) AS r_score,
  CAST(cells.f_score AS INTEGER) AS f_score,
  cells.segment
FROM (
  VALUES
    (1, 1, 'Hibernating'),
    (1, 2, 'Hibernating'),
    (1, 3, 'At Risk'),
    (1, 4, 'At Risk'),
    (1, 5, 'Can''t Lose Them'),
    (2, 1, 'Hibernating'),
    (2, 2, 'Hibernating'),
    (2, 3, 'At Risk'),
    (2, 4, 'At Risk'),
    (2, 5, 'Can''t Lose Them'),
    (3, 1, 'About To Sleep'),
    (3, 2, 'About To Sleep'),
    (3, 3, 'Need Attention'),
    (3, 4, 'Loyal Customers'),
    (3, 5, 'Loyal Customers'),
    (4, 1, 'Promising'),
    (4, 2, 'Potential Loyalists'),
    (4, 3, 'Potential Loyalists'),
    (4, 4, 'Loyal Customers'),
    (4, 5, 'Loyal Customers'),
    (5, 1, 'New Customers'),
    (5, 2, 'Potential Loyalists'),
    (5, 3, 'Potential Loyalists'),
    (5, 4, 'Champions'),
    (5, 5, 'Champions')
) AS cells(r_score, f_score, segment)
