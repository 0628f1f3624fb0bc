-- AppsFlyer raw data: installs, in-app events, or both, organic or not, as CSV from the dashboard,
-- the API or a data locker. Installs are customers, revenue of events is transactions, touches are
-- the sessions of a journey, and the cost of installs is spend. Re-engagements are not installs.
-- Left out: what identifies or locates a device (IP, advertising ids), and Event Value.
-- format: AppsFlyer raw data
-- skip: until header
-- needs: appsflyer_id (id) = AppsFlyer ID | appsflyer_id
-- needs: install_time (date) = Install Time | install_time
-- needs: event_time (date) = Event Time | event_time
-- needs: event_name = Event Name | event_name
-- needs: media_source = Media Source | media_source
-- takes: customer_user_id (id) = Customer User ID | customer_user_id
-- takes: touch_type = Attributed Touch Type | attributed_touch_type
-- takes: touch_time (date) = Attributed Touch Time | attributed_touch_time
-- takes: event_revenue (number) = Event Revenue | event_revenue
-- takes: revenue_currency = Event Revenue Currency | event_revenue_currency
-- takes: revenue_usd (number) = Event Revenue USD | event_revenue_usd
-- takes: campaign = Campaign | campaign
-- takes: campaign_id = Campaign ID | campaign_id
-- takes: country_code = Country Code | country_code
-- takes: platform = Platform | platform
-- takes: cost_value (number) = Cost Value | cost_value
-- takes: cost_currency = Cost Currency | cost_currency
-- takes: is_retargeting = Is Retargeting | is_retargeting
-- takes: conversion_type = Retargeting Conversion Type | retargeting_conversion_type
-- takes: is_primary = Is Primary Attribution | is_primary_attribution
-- takes: source_1 = Contributor 1 Media Source | contributor_1_media_source
-- takes: touch_type_1 = Contributor 1 Touch Type | contributor_1_touch_type
-- takes: touch_time_1 (date) = Contributor 1 Touch Time | contributor_1_touch_time
-- takes: source_2 = Contributor 2 Media Source | contributor_2_media_source
-- takes: touch_type_2 = Contributor 2 Touch Type | contributor_2_touch_type
-- takes: touch_time_2 (date) = Contributor 2 Touch Time | contributor_2_touch_time
-- takes: source_3 = Contributor 3 Media Source | contributor_3_media_source
-- takes: touch_type_3 = Contributor 3 Touch Type | contributor_3_touch_type
-- takes: touch_time_3 (date) = Contributor 3 Touch Time | contributor_3_touch_time
-- empty: N/A | null
-- numbers: 1204.50
-- refuse: regexp_full_match(TRIM(COALESCE(campaign_id, campaign)), '[0-9]([.,][0-9]+)?[eE]\+[0-9]{2}')
-- because: a spreadsheet has shortened the campaign ids (as in 1.2E+11); they cannot be told apart. In AppsFlyer, download the report again, and load it without saving it in a spreadsheet.
-- refuse: regexp_full_match(TRIM(COALESCE(customer_user_id, appsflyer_id)), '[0-9]([.,][0-9]+)?[eE]\+[0-9]{2}')
-- because: a spreadsheet has shortened the user ids (as in 1.2E+11); they cannot be told apart. In AppsFlyer, download the report again, and load it without saving it in a spreadsheet.
-- variable: customer = user | device
-- variable: revenue = original | usd | none
-- variable: costs = installs | none
-- view: moments
-- Records with the instants of their times, in UTC; times without a zone are of the source's.
SELECT
  *,
  CASE
    WHEN regexp_full_match(event_time, '[0-9-]{10}[ T][0-9:.]+ ?([+-][0-9:]{2,5}|Z|UTC|GMT)')
    THEN timezone('UTC', TRY_CAST(regexp_replace(event_time, ' ([+-]|Z)', '\1') AS TIMESTAMPTZ))
    WHEN regexp_full_match(event_time, '[0-9-]{10}([ T][0-9:.]+)?')
    THEN timezone('UTC',
      timezone(getvariable('source_timezone'), TRY_CAST(event_time AS TIMESTAMP)))
  END AS event_at,
  CASE
    WHEN regexp_full_match(install_time, '[0-9-]{10}[ T][0-9:.]+ ?([+-][0-9:]{2,5}|Z|UTC|GMT)')
    THEN timezone('UTC', TRY_CAST(regexp_replace(install_time, ' ([+-]|Z)', '\1') AS TIMESTAMPTZ))
    WHEN regexp_full_match(install_time, '[0-9-]{10}([ T][0-9:.]+)?')
    THEN timezone('UTC',
      timezone(getvariable('source_timezone'), TRY_CAST(install_time AS TIMESTAMP)))
  END AS install_at
FROM file
-- view: events
-- In-app events: whose each is, and what tells it from others, however its time is written.
SELECT
  *,
  COALESCE(strftime(event_at, '%Y-%m-%d %H:%M:%S'), event_time) AS happened,
  CASE WHEN getvariable('customer') = 'device' THEN COALESCE(appsflyer_id, customer_user_id)
    ELSE COALESCE(customer_user_id, appsflyer_id) END AS customer,
  COALESCE(appsflyer_id, customer) AS device,
  lower(COALESCE(is_primary, 'true')) <> 'false' AS is_first,
  TRY_CAST(COALESCE(event_revenue, revenue_usd) AS DECIMAL(18, 6)) AS named_revenue,
  COALESCE(CAST(named_revenue AS VARCHAR), event_revenue, revenue_usd) AS named
FROM moments
WHERE lower(COALESCE(event_name, '')) NOT IN
  ('install', 'reinstall', 're-engagement', 're-attribution')
-- table: customers
-- A row of an event tells of an install that the file does not have, unless a re-engagement is what
-- it is attributed to. The install's own row counts before it, in this file and in others.
SELECT
  CASE WHEN getvariable('customer') = 'device' THEN COALESCE(appsflyer_id, customer_user_id)
    ELSE COALESCE(customer_user_id, appsflyer_id) END AS customer_id,
  install_time AS registration_date,
  country_code AS country,
  CASE WHEN lower(COALESCE(media_source, 'organic')) = 'organic' THEN 'organic'
    ELSE media_source END AS acquisition_source,
  COALESCE(campaign_id, campaign) AS campaign_id,
  lower(platform) AS platform,
  CASE WHEN lower(COALESCE(event_name, 'install')) = 'install'
    AND install_at IS NOT NULL THEN install_time END AS updated_at
FROM moments
WHERE (
    lower(COALESCE(event_name, 'install')) = 'install'
    AND NOT (
      lower(COALESCE(is_retargeting, '')) = 'true' AND lower(COALESCE(is_primary, '')) = 'false'
    )
    AND lower(COALESCE(conversion_type, '')) <> 're-engagement'
  ) OR (
    lower(event_name) NOT IN ('install', 'reinstall', 're-engagement', 're-attribution')
    AND lower(COALESCE(is_retargeting, '')) <> 'true'
    AND install_time IS NOT NULL
    AND COALESCE(appsflyer_id, '') NOT IN (
      SELECT appsflyer_id FROM file
      WHERE appsflyer_id IS NOT NULL
        AND lower(COALESCE(event_name, 'install')) = 'install'
        AND NOT (
          lower(COALESCE(is_retargeting, '')) = 'true' AND lower(COALESCE(is_primary, '')) = 'false'
        )
    )
  )
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY CASE WHEN getvariable('customer') = 'device'
      THEN COALESCE(appsflyer_id, customer_user_id)
      ELSE COALESCE(customer_user_id, appsflyer_id) END,
    install_at IS NULL
  ORDER BY install_at, updated_at NULLS LAST, _line
) = 1
-- table: transactions
-- An event within the window of a re-engagement comes twice, once as the primary attribution: only
-- one of the two counts, whichever report they are in.
WITH named_events AS (
  SELECT
    *,
    (getvariable('revenue') = 'usd' AND revenue_usd IS NOT NULL) OR event_revenue IS NULL AS in_usd,
    CASE WHEN in_usd THEN revenue_usd ELSE event_revenue END AS revenue,
    CASE WHEN in_usd THEN 'USD' ELSE revenue_currency END AS currency,
    TRY_CAST(revenue AS DECIMAL(18, 6)) AS money,
    'af-' || md5(concat_ws('|', device, happened, event_name, named,
      ROW_NUMBER() OVER (
        PARTITION BY device, happened, event_name, named, is_first ORDER BY _line
      ))) AS transaction_id
  FROM events
  WHERE COALESCE(money <> 0, revenue IS NOT NULL) AND getvariable('revenue') <> 'none'
)
SELECT
  transaction_id,
  customer AS customer_id,
  event_time AS transaction_date,
  COALESCE(CAST(ABS(money) AS VARCHAR), revenue) AS amount,
  CASE WHEN money < 0 THEN 1 ELSE 0 END AS is_refund,
  event_name AS product_category,
  CASE WHEN money < 0 THEN 'refund' ELSE 'purchase' END AS transaction_type,
  currency,
  _line
FROM named_events
QUALIFY ROW_NUMBER() OVER (PARTITION BY transaction_id ORDER BY is_first DESC, _line) = 1
-- table: session_sources
-- rows: many
-- One row per touch: the attributed one closes, clicks that contributed hold.
WITH touches AS (
  SELECT _line, appsflyer_id, customer_user_id, media_source AS source, touch_type AS kind,
    touch_time AS touched, 1 AS closes
  FROM file
  WHERE touch_time IS NOT NULL AND lower(COALESCE(media_source, 'organic')) <> 'organic'
  UNION ALL
  SELECT _line, appsflyer_id, customer_user_id, source_1, touch_type_1, touch_time_1, 0 FROM file
  WHERE touch_time_1 IS NOT NULL
  UNION ALL
  SELECT _line, appsflyer_id, customer_user_id, source_2, touch_type_2, touch_time_2, 0 FROM file
  WHERE touch_time_2 IS NOT NULL
  UNION ALL
  SELECT _line, appsflyer_id, customer_user_id, source_3, touch_type_3, touch_time_3, 0 FROM file
  WHERE touch_time_3 IS NOT NULL
),
dated AS (
  SELECT *,
  CASE
    WHEN regexp_full_match(touched, '[0-9-]{10}[ T][0-9:.]+ ?([+-][0-9:]{2,5}|Z|UTC|GMT)')
    THEN timezone('UTC', TRY_CAST(regexp_replace(touched, ' ([+-]|Z)', '\1') AS TIMESTAMPTZ))
    WHEN regexp_full_match(touched, '[0-9-]{10}([ T][0-9:.]+)?')
    THEN timezone('UTC',
      timezone(getvariable('source_timezone'), TRY_CAST(touched AS TIMESTAMP)))
  END AS touched_at,
    COALESCE(
      CAST(timezone(getvariable('source_timezone'), timezone('UTC', touched_at)) AS VARCHAR),
      touched
    ) AS moment
  FROM touches
)
SELECT
  'af-' || md5(concat_ws('|', COALESCE(appsflyer_id, customer_user_id),
    COALESCE(strftime(touched_at, '%Y-%m-%d %H:%M:%S'), left(touched, 19)),
    lower(COALESCE(source, '')), lower(COALESCE(kind, '')))) AS session_id,
  ARG_MIN(CASE WHEN getvariable('customer') = 'device'
    THEN COALESCE(appsflyer_id, customer_user_id)
    ELSE COALESCE(customer_user_id, appsflyer_id) END, _line) AS user_id,
  ARG_MIN(source, _line) AS channel_name,
  left(MIN(moment), 10) AS event_date,
  substr(MIN(moment), 12) AS event_time,
  MAX(CASE WHEN closes = 0 AND lower(COALESCE(kind, '')) NOT LIKE 'impression%' THEN 1 ELSE 0 END)
    AS holder_engagement,
  MAX(closes) AS closer_engagement,
  MAX(CASE WHEN lower(COALESCE(kind, '')) LIKE 'impression%' THEN 1 ELSE 0 END)
    AS impression_interaction
FROM dated
GROUP BY 1
-- table: conversions
-- Purchases whose revenue is known in the base currency: conversions have no other.
WITH named_events AS (
  SELECT
    *,
    TRY_CAST(CASE
      WHEN COALESCE(upper(revenue_currency), getvariable('base_currency'))
        = getvariable('base_currency') AND event_revenue IS NOT NULL THEN event_revenue
      WHEN getvariable('base_currency') = 'USD' THEN revenue_usd
    END AS DECIMAL(18, 6)) AS revenue,
    'af-' || md5(concat_ws('|', device, happened, event_name, named,
      ROW_NUMBER() OVER (
        PARTITION BY device, happened, event_name, named, is_first ORDER BY _line
      ))) AS conv_id,
    COALESCE(
      CAST(timezone(getvariable('source_timezone'), timezone('UTC', event_at)) AS VARCHAR),
      event_time
    ) AS moment
  FROM events
  WHERE named_revenue <> 0 AND getvariable('revenue') <> 'none'
)
SELECT
  conv_id,
  customer AS user_id,
  left(moment, 10) AS conv_date,
  substr(moment, 12) AS conv_time,
  CAST(revenue AS VARCHAR) AS revenue,
  _line
FROM named_events
WHERE revenue > 0 AND customer IS NOT NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY conv_id ORDER BY is_first DESC, _line) = 1
-- table: campaign_costs
-- An install that stands in the file twice has cost once.
WITH installs AS (
  SELECT *, COALESCE(campaign_id, campaign) AS named
  FROM moments
  WHERE cost_value IS NOT NULL
    AND (named IS NOT NULL OR COALESCE(TRY_CAST(cost_value AS DECIMAL(18, 6)) <> 0, TRUE))
    AND getvariable('costs') = 'installs'
    AND lower(COALESCE(event_name, 'install')) = 'install'
    AND NOT (
      lower(COALESCE(is_retargeting, '')) = 'true' AND lower(COALESCE(is_primary, '')) = 'false'
    )
    AND lower(COALESCE(conversion_type, '')) <> 're-engagement'
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY COALESCE(appsflyer_id, customer_user_id, CAST(_line AS VARCHAR)),
      COALESCE(CAST(install_at AS VARCHAR), install_time), named, cost_currency,
      COALESCE(CAST(TRY_CAST(cost_value AS DECIMAL(18, 6)) AS VARCHAR), cost_value)
    ORDER BY _line
  ) = 1
)
SELECT
  named AS campaign_id,
  left(install_time, 10) AS date,
  COALESCE(
    CAST(SUM(TRY_CAST(cost_value AS DECIMAL(18, 6))) AS VARCHAR), MIN(cost_value)
  ) AS cost,
  cost_currency AS currency,
  'appsflyer' AS spend_source
FROM installs
GROUP BY named, left(install_time, 10), cost_currency,
  CASE WHEN TRY_CAST(cost_value AS DECIMAL(18, 6)) IS NULL THEN cost_value END
-- table: campaigns
SELECT
  COALESCE(campaign_id, campaign) AS campaign_id,
  ARG_MAX(campaign, _line) AS campaign_name,
  ARG_MAX(media_source, _line) AS media_source
FROM file
WHERE COALESCE(campaign_id, campaign) IS NOT NULL
GROUP BY 1
