-- Grain: one row per country, best first.
-- Answers: which countries pay back?
SELECT
  country, rank, installs, small_base,
  installs_d{{ summary_horizon }} AS counting_installs,
  paid_installs_d{{ summary_horizon }} AS paid_installs,
  spend_d{{ summary_horizon }} AS spend,
  revenue_d{{ summary_horizon }} AS revenue,
  roas_d{{ summary_horizon }} AS roas,
  blended_roas_d{{ summary_horizon }} AS blended_roas,
  COUNT(*) OVER () AS countries
FROM country_roas
ORDER BY rank
LIMIT {{ most_countries }}
