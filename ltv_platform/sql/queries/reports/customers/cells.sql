-- Grain: one row per pair of scores that any of the chosen customers has.
-- Answers: how many of them have these scores?
{% import 'macros/shared.sql' as m with context %}
{% set day = m.day('customer.registration_date') %}
SELECT rfm.r_score, rfm.f_score, rfm.segment, COUNT(*) AS customers
FROM rfm_segments AS rfm
JOIN customer_ltv AS customer ON customer.customer_id = rfm.customer_id
WHERE rfm.r_score IS NOT NULL
  AND ($country IS NULL OR customer.country = $country)
  AND ($segment IS NULL OR COALESCE(customer.segment, '(unknown)') = $segment)
  AND ($start IS NULL OR {{ day }} >= $start) AND ($end IS NULL OR {{ day }} <= $end)
GROUP BY rfm.r_score, rfm.f_score, rfm.segment
ORDER BY rfm.r_score, rfm.f_score
