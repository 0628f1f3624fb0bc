-- TikTok Ads: a report or an export of the Ads Manager with the time breakdown By Day, as .csv.
-- Loads the spend, impressions and clicks of each campaign and day, and campaign names. Leaves out
-- conversions, which we compute ourselves. Rows of ad groups and ads add up. Without a campaign id,
-- the name identifies a campaign.
-- format: a TikTok Ads report by day
-- skip: until header
-- empty: -- | -
-- needs: day (date) = By Day
-- missing: day = In the TikTok Ads report, choose the dimension Time > By Day, and download it again.
-- needs: campaign_name = Campaign name
-- missing: campaign_name = In the TikTok Ads report, add the dimension Campaign name, and download it again.
-- needs: cost (number) = Cost | Cost ({currency}) | Total cost
-- missing: cost = In the TikTok Ads report, add the metric Cost, and download it again.
-- takes: campaign_id = Campaign ID
-- takes: currency_code = Currency | Currency code
-- takes: country = Country/Region | Country | Country or region | Location
-- takes: impressions (count) = Impressions | Impression
-- takes: clicks (count) = Clicks (destination) | Clicks (Destination) | Destination clicks | Clicks | Clicks (all) | Click
-- takes: objective = Objective | Advertising objective | Objective type
-- totals: regexp_matches(day, '^ *Total') OR (day IS NULL AND (campaign_name IS NULL OR regexp_matches(campaign_name, '^ *Total')))
-- refuse: regexp_full_match(TRIM(campaign_id), '[0-9]([.,][0-9]+)?[eE]\+[0-9]{2}')
-- because: a spreadsheet has shortened the campaign ids (as in 1.79E+18); they cannot be told apart. In TikTok Ads, download the report again, and load it without saving it in a spreadsheet.
-- table: campaign_costs
SELECT
  COALESCE(campaign_id, campaign_name) AS campaign_id,
  day AS date,
  country,
  cost,
  COALESCE(currency_code, currency) AS currency,
  impressions,
  clicks
FROM file
-- A campaign that did not run has neither cost nor impressions.
WHERE cost IS NOT NULL OR TRY_CAST(impressions AS DOUBLE) > 0
-- table: campaigns
SELECT
  COALESCE(campaign_id, campaign_name) AS campaign_id,
  ARG_MAX(campaign_name, _line) AS campaign_name,
  'TikTok Ads' AS media_source,
  ARG_MAX(objective, _line) AS objective
FROM file
WHERE COALESCE(campaign_id, campaign_name) IS NOT NULL
GROUP BY 1
