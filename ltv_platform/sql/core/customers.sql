-- Grain: one row per customer, by the day of its earliest registration.
-- Answers: who are the customers, when did they install and through which campaign?
-- The earliest registration decides the cohort: install date, campaign, acquisition source and country,
-- the last three from the first row that has them. All other columns come from the newest version.
-- Placeholder words become NULL, and countries are converted to two-letter codes.
{% import 'macros/shared.sql' as m with context %}
WITH versions AS (
  SELECT * FROM raw.customers
  WHERE customer_id IN ({{ m.restated_keys('customers', 'customer_id', 'registration_date') }})
    {{ m.since_start('registration_date') }}
),
newest AS (
  SELECT *
  FROM versions
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY customer_id
    ORDER BY updated_at DESC NULLS LAST, load_sequence DESC, line DESC
  ) = 1
),
-- The earliest registration fixes the cohort, whenever it arrives: a later one says how a customer
-- came back, but not how they first came or where their install was paid for.
earliest AS (
  SELECT customer_id, MIN(registration_date) AS install_ts
  FROM versions
  GROUP BY customer_id
),
-- Orders and payments name customers, but not how they came.
earliest_attributions AS (
  SELECT customer_id,
    {{ m.given('campaign_id') }} AS install_campaign_id,
    {{ m.given('acquisition_source') }} AS install_source
  FROM versions
  WHERE {{ m.given('campaign_id') }} IS NOT NULL OR {{ m.given('acquisition_source') }} IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY customer_id
    ORDER BY registration_date, updated_at DESC NULLS LAST, load_sequence DESC, line DESC
  ) = 1
),
-- A source that does not know the country at the install may give it in a later row.
earliest_countries AS (
  SELECT customer_id, country AS install_country
  FROM versions
  WHERE {{ m.given('country') }} IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY customer_id
    ORDER BY registration_date, updated_at DESC NULLS LAST, load_sequence DESC, line DESC
  ) = 1
),
-- Customers with more than one version are rare, so only these are ranked.
customers AS (
  SELECT *, {{ m.day('install_ts') }} AS install_date
  FROM (
    SELECT *, registration_date AS install_ts, {{ m.given('campaign_id') }} AS install_campaign_id,
      {{ m.given('acquisition_source') }} AS install_source,
      {{ m.given('country') }} AS install_country
    FROM raw.customers
    WHERE registration_date >= $start_ts AND registration_date < $end_ts
      AND customer_id NOT IN (SELECT customer_id FROM versions)
    UNION ALL
    SELECT newest.*, earliest.install_ts, earliest_attributions.install_campaign_id,
      earliest_attributions.install_source, earliest_countries.install_country
    FROM newest
    JOIN earliest ON earliest.customer_id = newest.customer_id
    LEFT JOIN earliest_attributions
      ON earliest_attributions.customer_id = newest.customer_id
    LEFT JOIN earliest_countries ON earliest_countries.customer_id = newest.customer_id
  ) AS installed
)
SELECT
  customer_id,
  install_ts,
  install_date,
  CASE
    WHEN install_campaign_id IS NOT NULL THEN install_campaign_id
    WHEN install_source IS NULL
    {%- for pattern in organic_patterns %}
      OR LOWER(install_source) LIKE {{ pattern | literal }} ESCAPE '!'
    {%- endfor %} THEN '(organic)'
    ELSE '(unknown)'
  END AS campaign_id,
  COALESCE(country_names.code, UPPER(install_country), '(unknown)') AS country,
  city,
  age,
  gender,
  install_source AS acquisition_source,
  segment,
  is_active,
  platform
FROM customers
LEFT JOIN ({{ m.country_names() }}) AS country_names
  ON country_names.name = UPPER(customers.install_country)
WHERE install_date >= $start AND install_date <= $end AND install_date <= $as_of
