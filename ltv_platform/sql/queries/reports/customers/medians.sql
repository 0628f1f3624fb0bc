-- Grain: one row per month of registration, and one of all months together (NULL).
-- Answers: what is a customer in the middle worth so far?
{% import 'macros/shared.sql' as m with context %}
{% set day = m.day('registration_date') %}
SELECT
  CAST(DATE_TRUNC('month', {{ day }}) AS DATE) AS cohort_month,
  MEDIAN(CAST(ltv AS DOUBLE)) AS median_ltv
FROM customer_ltv
WHERE ($country IS NULL OR country = $country)
  AND ($segment IS NULL OR COALESCE(segment, '(unknown)') = $segment)
  AND ($start IS NULL OR {{ day }} >= $start) AND ($end IS NULL OR {{ day }} <= $end)
GROUP BY GROUPING SETS ((CAST(DATE_TRUNC('month', {{ day }}) AS DATE)), ())
ORDER BY cohort_month NULLS FIRST
