-- Any ad network through Fivetran's ad_reporting models (campaign, ad group or ad report), as .csv
-- or .parquet. Loads the spend, impressions and clicks of each campaign and day under the name of its
-- platform, and campaign names. Leaves out conversions and their value, which we compute ourselves.
-- Rows of ad groups and ads add up.
-- format: a report of Fivetran's ad_reporting
-- numbers: 1204.50
-- empty: NULL | \N
-- needs: date_day (date)
-- missing: date_day = Take one of the models ad_reporting__campaign_report, __ad_group_report or __ad_report.
-- needs: platform
-- needs: campaign_id
-- missing: campaign_id = Take one of the models ad_reporting__campaign_report, __ad_group_report or __ad_report.
-- needs: spend (number)
-- takes: campaign_name
-- takes: currency = currency | currency_code
-- takes: impressions (count)
-- takes: clicks (count)
-- refuse: regexp_full_match(TRIM(campaign_id), '[0-9]([.,][0-9]+)?[eE]\+[0-9]{2}')
-- because: the campaign ids were shortened (as in 1.79E+18); they cannot be told apart. In the query, cast campaign_id to text, and do not save the file in a spreadsheet.
-- A day that is kept as a moment, at midnight UTC, is that day.
-- table: campaign_costs
SELECT
  COALESCE(campaign_id, campaign_name) AS campaign_id,
  regexp_replace(date_day, '[ T]00:00(:00(\.0+)?)?( ?UTC|Z|\+00(:?00)?)$', '') AS date,
  spend AS cost,
  currency,
  impressions,
  clicks,
  platform AS spend_source
FROM file
-- What cost nothing and was not seen says nothing.
WHERE spend IS NOT NULL OR TRY_CAST(impressions AS DOUBLE) > 0
-- table: campaigns
SELECT
  COALESCE(campaign_id, campaign_name) AS campaign_id,
  ARG_MAX(campaign_name, _line) AS campaign_name,
  ARG_MAX(platform, _line) AS media_source
FROM file
WHERE COALESCE(campaign_id, campaign_name) IS NOT NULL
GROUP BY 1
