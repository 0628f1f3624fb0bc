-- Microsoft Advertising (Bing Ads): a performance report by day, as .csv.
-- Loads the spend, impressions and clicks of each campaign and day, and campaign names. Leaves out
-- conversions and revenue, which we compute ourselves. Rows of ad groups and devices add up.
-- Dates have the month first, as in 9/1/2026; --option 'dates=day first' reads them the other way.
-- format: a Microsoft Advertising report by day
-- skip: until header
-- empty: -- | -
-- dates: month first
-- needs: day (date) = Gregorian date
-- missing: day = In the Microsoft Advertising report, choose the unit of time Day, and download it again.
-- needs: campaign_name = Campaign name | Campaign
-- missing: campaign_name = In the Microsoft Advertising report, add the column Campaign name, and download it again.
-- needs: cost (number) = Spend | Spend ({currency})
-- missing: cost = In the Microsoft Advertising report, add the column Spend, and download it again.
-- takes: campaign_id = Campaign ID
-- takes: currency_code = Currency code | Currency
-- takes: impressions (count) = Impressions | Impr.
-- takes: clicks (count) = Clicks
-- takes: campaign_type = Campaign type
-- totals: regexp_matches(day, '^ *(Overall |Grand )?[Tt]otal') OR (day IS NULL AND (campaign_name IS NULL OR regexp_matches(campaign_name, '^ *(Overall |Grand )?[Tt]otal')))
-- refuse: regexp_full_match(TRIM(campaign_id), '[0-9]([.,][0-9]+)?[eE]\+[0-9]{2}')
-- because: a spreadsheet has shortened the campaign ids (as in 3.9E+08); they cannot be told apart. In Microsoft Advertising, download the report again, and load it without saving it in a spreadsheet.
-- table: campaign_costs
SELECT
  COALESCE(TRIM(campaign_id, ' []'), campaign_name) AS campaign_id,
  day AS date,
  cost,
  COALESCE(currency_code, currency) AS currency,
  impressions,
  clicks
FROM file
-- A campaign that did not run has neither spend nor impressions; nor has the notice at the end,
-- where a spreadsheet has filled its line with empty cells.
WHERE cost IS NOT NULL OR TRY_CAST(impressions AS DOUBLE) > 0
-- table: campaigns
SELECT
  COALESCE(TRIM(campaign_id, ' []'), campaign_name) AS campaign_id,
  ARG_MAX(campaign_name, _line) AS campaign_name,
  'Microsoft Advertising' AS media_source,
  ARG_MAX(campaign_type, _line) AS objective
FROM file
WHERE COALESCE(TRIM(campaign_id, ' []'), campaign_name) IS NOT NULL
GROUP BY 1
