-- Adjust raw data export (CSV to a bucket): columns as the user chose them, in braces or plain.
-- Installs are customers, revenue of events and ads is transactions, attributed installs and
-- reattributions are the sessions of a journey, and the cost of installs is spend.
-- Left out: sandbox rows, sessions of the app, clicks, reinstalls, uninstalls, rejected installs.
-- format: an Adjust raw data export
-- skip: until header
-- needs: adid (id) = adid
-- needs: activity_kind = activity_kind
-- needs: created_at = created_at
-- takes: installed_at = installed_at
-- takes: click_time = click_time
-- takes: impression_time = impression_time
-- takes: tracker_name = tracker_name
-- takes: network_name = network_name
-- takes: campaign_name = campaign_name
-- takes: is_organic = is_organic
-- takes: country = country
-- takes: os_name = os_name
-- takes: environment = environment
-- takes: event_name = event_name | event
-- takes: reporting_revenue (number) = reporting_revenue
-- takes: reporting_currency = reporting_currency
-- takes: original_revenue (number) = revenue_float
-- takes: original_currency = currency
-- takes: cost_amount (number) = cost_amount
-- takes: cost_currency = cost_currency
-- takes: reporting_cost (number) = reporting_cost
-- empty: N/A | null
-- numbers: 1204.50
-- refuse: regexp_full_match(TRIM(adid), '[0-9]([.,][0-9]+)?[eE]\+[0-9]{2}')
-- because: a spreadsheet has shortened the ids of devices (as in 1.2E+11); they cannot be told apart. In Adjust's bucket, fetch the file again, and load it without saving it in a spreadsheet.
-- refuse: regexp_full_match(TRIM(campaign_name), '[0-9]([.,][0-9]+)?[eE]\+[0-9]{2}')
-- because: a spreadsheet has shortened the campaigns (as in 1.2E+11); they cannot be told apart. In Adjust's bucket, fetch the file again, and load it without saving it in a spreadsheet.
-- variable: revenue = reporting | original
-- variable: costs = installs | none
-- view: moments
-- Records outside the sandbox with the instants of their times in UTC: of unix seconds, or of
-- dates and times, those without a zone being of the source's.
SELECT
  *,
  lower(activity_kind) AS kind,
  CASE
    WHEN regexp_full_match(created_at, '[0-9]{1,10}(\.0+)?')
    THEN make_timestamp(CAST(created_at AS BIGINT) * 1000000)
    WHEN regexp_full_match(created_at, '[0-9-]{10}[ T][0-9:.]+ ?([+-][0-9:]{2,5}|Z|UTC|GMT)')
    THEN timezone('UTC', TRY_CAST(regexp_replace(created_at, ' ([+-]|Z)', '\1') AS TIMESTAMPTZ))
    WHEN regexp_full_match(created_at, '[0-9-]{10}([ T][0-9:.]+)?')
    THEN timezone('UTC',
      timezone(getvariable('source_timezone'), TRY_CAST(created_at AS TIMESTAMP)))
  END AS created,
  COALESCE(NULLIF(installed_at, '0'), created_at) AS installed_time,
  CASE
    WHEN regexp_full_match(installed_time, '[0-9]{1,10}(\.0+)?')
    THEN make_timestamp(CAST(installed_time AS BIGINT) * 1000000)
    WHEN regexp_full_match(installed_time, '[0-9-]{10}[ T][0-9:.]+ ?([+-][0-9:]{2,5}|Z|UTC|GMT)')
    THEN timezone('UTC', TRY_CAST(regexp_replace(installed_time, ' ([+-]|Z)', '\1') AS TIMESTAMPTZ))
    WHEN regexp_full_match(installed_time, '[0-9-]{10}([ T][0-9:.]+)?')
    THEN timezone('UTC',
      timezone(getvariable('source_timezone'), TRY_CAST(installed_time AS TIMESTAMP)))
  END AS installed,
  COALESCE(NULLIF(click_time, '0'), NULLIF(impression_time, '0'), created_at) AS touch_time,
  CASE
    WHEN regexp_full_match(touch_time, '[0-9]{1,10}(\.0+)?')
    THEN make_timestamp(CAST(touch_time AS BIGINT) * 1000000)
    WHEN regexp_full_match(touch_time, '[0-9-]{10}[ T][0-9:.]+ ?([+-][0-9:]{2,5}|Z|UTC|GMT)')
    THEN timezone('UTC', TRY_CAST(regexp_replace(touch_time, ' ([+-]|Z)', '\1') AS TIMESTAMPTZ))
    WHEN regexp_full_match(touch_time, '[0-9-]{10}([ T][0-9:.]+)?')
    THEN timezone('UTC',
      timezone(getvariable('source_timezone'), TRY_CAST(touch_time AS TIMESTAMP)))
  END AS touched
FROM file
WHERE lower(COALESCE(environment, '')) <> 'sandbox'
-- view: events
-- Events and ad revenue: when each was, what was paid, and what tells it from others. The currency
-- beside an event is that of what the app sent, never that of reporting_revenue: without
-- reporting_currency what the app sent is taken, else reporting_revenue as of the base currency.
SELECT
  *,
  COALESCE(event_name, kind) AS event,
  COALESCE(CAST(created AS VARCHAR) || 'Z', created_at) AS happened,
  TRY_CAST(COALESCE(reporting_revenue, original_revenue) AS DECIMAL(18, 6)) AS named_revenue,
  COALESCE(CAST(named_revenue AS VARCHAR), reporting_revenue, original_revenue) AS named,
  reporting_revenue IS NULL OR (
    original_revenue IS NOT NULL
    AND (getvariable('revenue') = 'original' OR reporting_currency IS NULL)
  ) AS is_original,
  CASE WHEN is_original THEN original_revenue ELSE reporting_revenue END AS revenue,
  CASE WHEN is_original THEN original_currency ELSE reporting_currency END AS currency
FROM moments
WHERE kind IN ('event', 'ad_revenue')
-- table: customers
SELECT
  adid AS customer_id,
  COALESCE(CAST(installed AS VARCHAR) || 'Z', installed_time) AS registration_date,
  country,
  CASE
    WHEN lower(COALESCE(is_organic, '')) IN ('1', 'true')
      OR lower(COALESCE(network_name, split_part(tracker_name, '::', 1), 'organic')) = 'organic'
    THEN 'organic'
    ELSE COALESCE(network_name, split_part(tracker_name, '::', 1))
  END AS acquisition_source,
  CASE
    WHEN lower(COALESCE(is_organic, '')) IN ('1', 'true')
      OR lower(COALESCE(network_name, split_part(tracker_name, '::', 1), 'organic')) = 'organic'
    THEN NULL
    ELSE COALESCE(
      NULLIF(regexp_extract(
        COALESCE(campaign_name, split_part(tracker_name, '::', 2)),
        ' \(([0-9]+|[0-9A-Za-z_-]*[0-9][0-9A-Za-z_-]*)\) *$', 1), ''),
      NULLIF(trim(COALESCE(campaign_name, split_part(tracker_name, '::', 2))), '')
    )
  END AS campaign_id,
  lower(os_name) AS platform
FROM moments
WHERE kind = 'install'
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY adid, installed IS NULL ORDER BY installed, installed_time, _line
) = 1
-- table: transactions
WITH paid_events AS (
  SELECT *, TRY_CAST(revenue AS DECIMAL(18, 6)) AS money FROM events
)
SELECT
  'adjust-' || md5(concat_ws('|', adid, happened, event, named,
    ROW_NUMBER() OVER (PARTITION BY adid, happened, event, named ORDER BY _line)
  )) AS transaction_id,
  adid AS customer_id,
  happened AS transaction_date,
  COALESCE(CAST(ABS(money) AS VARCHAR), revenue) AS amount,
  CASE WHEN money < 0 THEN 1 ELSE 0 END AS is_refund,
  event AS product_category,
  CASE WHEN money < 0 THEN 'refund' ELSE 'purchase' END AS transaction_type,
  currency,
  _line
FROM paid_events
WHERE COALESCE(money <> 0, revenue IS NOT NULL)
-- table: session_sources
-- The touch that an install or a reattribution is attributed to; Adjust tells of no other.
WITH touches AS (
  SELECT _line, adid, kind,
    COALESCE(network_name, NULLIF(split_part(tracker_name, '::', 1), '')) AS channel,
    -- What the touch is known by is the second of it.
    COALESCE(CAST(CAST(FLOOR(EPOCH(touched)) AS BIGINT) AS VARCHAR), touch_time) AS second,
    CASE WHEN NULLIF(click_time, '0') IS NULL AND NULLIF(impression_time, '0') IS NOT NULL
      THEN 1 ELSE 0 END AS is_impression,
    COALESCE(
      CAST(timezone(getvariable('source_timezone'), timezone('UTC', touched)) AS VARCHAR),
      touch_time
    ) AS moment
  FROM moments
  WHERE kind IN ('install', 'reattribution')
    AND lower(COALESCE(is_organic, '')) NOT IN ('1', 'true')
    AND lower(COALESCE(network_name, split_part(tracker_name, '::', 1), 'organic')) <> 'organic'
)
SELECT
  'adjust-' || md5(concat_ws('|', adid, second, kind, lower(channel)))
    AS session_id,
  ARG_MIN(adid, _line) AS user_id,
  ARG_MIN(channel, _line) AS channel_name,
  left(MIN(moment), 10) AS event_date,
  substr(MIN(moment), 12) AS event_time,
  0 AS holder_engagement,
  1 AS closer_engagement,
  MAX(is_impression) AS impression_interaction,
  MIN(_line) AS _line
FROM touches
GROUP BY 1
-- table: conversions
-- Purchases whose revenue is known in the base currency: conversions have no other.
WITH named_events AS (
  SELECT
    *,
    COALESCE(
      CAST(timezone(getvariable('source_timezone'), timezone('UTC', created)) AS VARCHAR),
      created_at
    ) AS moment,
    -- Of the two revenues that one which is in the base currency, first what is a transaction.
    TRY_CAST(CASE
      WHEN COALESCE(upper(currency), getvariable('base_currency')) = getvariable('base_currency')
      THEN revenue
      WHEN upper(reporting_currency) = getvariable('base_currency') THEN reporting_revenue
      WHEN upper(original_currency) = getvariable('base_currency') THEN original_revenue
    END AS DECIMAL(18, 6)) AS in_base,
    'adjust-' || md5(concat_ws('|', adid, happened, event, named,
      ROW_NUMBER() OVER (PARTITION BY adid, happened, event, named ORDER BY _line)
    )) AS conv_id
  FROM events
  WHERE named_revenue <> 0
)
SELECT
  conv_id,
  adid AS user_id,
  left(moment, 10) AS conv_date,
  substr(moment, 12) AS conv_time,
  CAST(in_base AS VARCHAR) AS revenue,
  _line
FROM named_events
WHERE in_base > 0 AND adid IS NOT NULL
-- table: campaign_costs
-- An install that stands in the file twice has cost once.
WITH installs AS (
  SELECT _line, adid, installed, installed_time,
    COALESCE(campaign_name, split_part(tracker_name, '::', 2)) AS campaign,
    COALESCE(cost_amount, reporting_cost) AS cost,
    CASE WHEN cost_amount IS NULL THEN reporting_currency ELSE cost_currency END AS currency
  FROM moments
  WHERE getvariable('costs') = 'installs' AND kind = 'install'
    AND COALESCE(cost_amount, reporting_cost) IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY COALESCE(adid, CAST(_line AS VARCHAR)),
      COALESCE(CAST(installed AS VARCHAR), installed_time), campaign, currency,
      COALESCE(CAST(TRY_CAST(cost AS DECIMAL(18, 6)) AS VARCHAR), cost)
    ORDER BY _line
  ) = 1
)
SELECT
  COALESCE(
    NULLIF(regexp_extract(campaign,
      ' \(([0-9]+|[0-9A-Za-z_-]*[0-9][0-9A-Za-z_-]*)\) *$', 1), ''),
    NULLIF(trim(campaign), '')
  ) AS campaign_id,
  COALESCE(
    CAST(CAST(timezone(getvariable('reporting_timezone'), timezone('UTC', installed)) AS DATE)
      AS VARCHAR),
    left(installed_time, 10)
  ) AS date,
  COALESCE(CAST(SUM(TRY_CAST(cost AS DECIMAL(18, 6))) AS VARCHAR), MIN(cost)) AS cost,
  currency,
  'adjust' AS spend_source,
  MIN(_line) AS _line
FROM installs
WHERE trim(campaign) <> '' OR COALESCE(TRY_CAST(cost AS DECIMAL(18, 6)) <> 0, TRUE)
GROUP BY 1, 2, currency,
  CASE WHEN TRY_CAST(cost AS DECIMAL(18, 6)) IS NULL THEN cost END
-- table: campaigns
WITH named AS (
  SELECT _line,
    NULLIF(trim(COALESCE(campaign_name, split_part(tracker_name, '::', 2))), '') AS campaign,
    COALESCE(network_name, NULLIF(split_part(tracker_name, '::', 1), '')) AS network
  FROM moments
  WHERE kind IN ('install', 'event', 'ad_revenue', 'session')
    AND lower(COALESCE(is_organic, '')) NOT IN ('1', 'true')
    AND lower(COALESCE(network_name, split_part(tracker_name, '::', 1), 'organic')) <> 'organic'
)
SELECT
  COALESCE(
    NULLIF(regexp_extract(campaign,
      ' \(([0-9]+|[0-9A-Za-z_-]*[0-9][0-9A-Za-z_-]*)\) *$', 1), ''),
    campaign
  ) AS campaign_id,
  ARG_MAX(campaign, _line) AS campaign_name,
  ARG_MAX(network, _line) AS media_source,
  MIN(_line) AS _line
FROM named
WHERE campaign IS NOT NULL
GROUP BY 1
