-- Grain: one row per campaign, day and country (NULL if the source gives none). The newest load that
-- contains a (source, campaign, day) replaces earlier loads of it; its lines add up, and so do sources.
-- Answers: what was spent, in base currency?
-- Countries are converted to two-letter codes.
{% import 'macros/shared.sql' as m with context %}
WITH newest AS (
  SELECT campaign_id, date, cost, impressions, clicks,
    COALESCE(country_names.code, UPPER({{ m.given('costs.country') }})) AS country,
    COALESCE(currency, {{ currency | literal }}) AS source_currency
  FROM ({{ m.newest_spend() }}) AS costs
  LEFT JOIN ({{ m.country_names() }}) AS country_names ON country_names.name = UPPER(costs.country)
),
asked AS (
  SELECT DISTINCT source_currency AS currency, date AS day
  FROM newest
  WHERE source_currency <> {{ currency | literal }}
),
rates AS (
  {{ m.newest_rates() }}
)
SELECT
  campaign_id,
  date,
  country,
  {{ m.total("SUM(CASE WHEN source_currency = " ~ (currency | literal) ~ " THEN cost ELSE "
     ~ m.money('cost * rates.rate') ~ " END)") }} AS spend,
  CAST(SUM(impressions) AS BIGINT) AS impressions,
  CAST(SUM(clicks) AS BIGINT) AS clicks
FROM newest
LEFT JOIN rates ON rates.currency = newest.source_currency AND rates.day = newest.date
WHERE source_currency = {{ currency | literal }} OR rates.rate IS NOT NULL
GROUP BY campaign_id, date, country
