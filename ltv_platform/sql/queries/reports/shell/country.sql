-- Grain: one row per country, the most important ones.
-- Answers: which countries can a page be restricted to?
SELECT country AS value, country AS label
FROM country_roas
ORDER BY installs DESC, country
LIMIT {{ most_choices }}
