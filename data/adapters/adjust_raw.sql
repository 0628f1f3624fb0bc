-- Adjust raw data export (CSV to a bucket): columns as the user chose them, in braces or plain.
-- Installs are customers, revenue of events and ads is transactions, attributed installs and
-- reattributions are the sessions of a journey, and the cost of installs is spend.
-- Left out: sandbox rows, sessions of the app, clicks, reinstalls, uninstalls, rejected installs.
-- format: an Adjust raw data export
-- skip: until header
-- needs: adid = adid
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
-- variable: revenue = reporting | original
-- variable: costs = installs | none
-- view: events
-- Events and ad revenue outside the sandbox: when each was, and what tells it from others.
SELECT
  *,
  lower(activity_kind) AS kind,
  COALESCE(event_name, kind) AS event,
  CASE WHEN regexp_full_match(created_at, '[0-9]{1,10}(\.0+)?')
    THEN make_timestamp(CAST(created_at AS BIGINT) * 1000000) END AS instant,
  COALESCE(CAST(instant AS VARCHAR) || 'Z', created_at) AS happened,
  TRY_CAST(COALESCE(reporting_revenue, original_revenue) AS DECIMAL(18, 6)) AS named_revenue,
  COALESCE(CAST(named_revenue AS VARCHAR), reporting_revenue, original_revenue) AS named
FROM file
WHERE kind IN ('event', 'ad_revenue') AND lower(COALESCE(environment, '')) <> 'sandbox'
-- table: customers
SELECT
  adid AS customer_id,
  CASE WHEN regexp_full_match(COALESCE(NULLIF(installed_at, '0'), created_at), '[0-9]{1,10}(\.0+)?')
    THEN CAST(make_timestamp(
      CAST(COALESCE(NULLIF(installed_at, '0'), created_at) AS BIGINT) * 1000000) AS VARCHAR) || 'Z'
    ELSE COALESCE(NULLIF(installed_at, '0'), created_at) END AS registration_date,
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
FROM file
WHERE lower(activity_kind) = 'install' AND lower(COALESCE(environment, '')) <> 'sandbox'
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY adid,
    regexp_full_match(COALESCE(NULLIF(installed_at, '0'), created_at), '[0-9]{1,10}(\.0+)?')
  ORDER BY COALESCE(NULLIF(installed_at, '0'), created_at), _line
) = 1
-- table: transactions
WITH paid_events AS (
  SELECT
    *,
    (getvariable('revenue') = 'original' AND original_revenue IS NOT NULL)
      OR reporting_revenue IS NULL AS is_original,
    CASE WHEN is_original THEN original_revenue ELSE reporting_revenue END AS revenue,
    CASE WHEN is_original THEN original_currency
      ELSE COALESCE(reporting_currency, original_currency) END AS currency,
    TRY_CAST(revenue AS DECIMAL(18, 6)) AS money
  FROM events
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
  SELECT _line, adid,
    COALESCE(network_name, NULLIF(split_part(tracker_name, '::', 1), '')) AS channel,
    COALESCE(NULLIF(click_time, '0'), NULLIF(impression_time, '0'), created_at) AS touched,
    CASE WHEN NULLIF(click_time, '0') IS NULL AND NULLIF(impression_time, '0') IS NOT NULL
      THEN 1 ELSE 0 END AS is_impression,
    lower(activity_kind) AS kind
  FROM file
  WHERE lower(activity_kind) IN ('install', 'reattribution')
    AND lower(COALESCE(environment, '')) <> 'sandbox'
    AND lower(COALESCE(is_organic, '')) NOT IN ('1', 'true')
    AND lower(COALESCE(network_name, split_part(tracker_name, '::', 1), 'organic')) <> 'organic'
),
dated AS (
  SELECT *,
    CASE WHEN regexp_full_match(touched, '[0-9]{1,10}(\.0+)?')
      THEN CAST(timezone(getvariable('source_timezone'),
        timezone('UTC', make_timestamp(CAST(touched AS BIGINT) * 1000000))) AS VARCHAR)
      ELSE touched END AS moment
  FROM touches
)
SELECT
  'adjust-' || md5(concat_ws('|', adid, split_part(touched, '.', 1), kind, lower(channel)))
    AS session_id,
  ARG_MIN(adid, _line) AS user_id,
  ARG_MIN(channel, _line) AS channel_name,
  left(MIN(moment), 10) AS event_date,
  substr(MIN(moment), 12) AS event_time,
  0 AS holder_engagement,
  1 AS closer_engagement,
  MAX(is_impression) AS impression_interaction,
  MIN(_line) AS _line
FROM dated
GROUP BY 1
-- table: conversions
-- Purchases whose revenue is known in the base currency: conversions have no other.
WITH named_events AS (
  SELECT
    *,
    COALESCE(
      CAST(timezone(getvariable('source_timezone'), timezone('UTC', instant)) AS VARCHAR),
      created_at
    ) AS moment,
    CASE
      WHEN reporting_revenue IS NOT NULL
        AND COALESCE(upper(COALESCE(reporting_currency, original_currency)),
          getvariable('base_currency')) = getvariable('base_currency')
      THEN TRY_CAST(reporting_revenue AS DECIMAL(18, 6))
      WHEN COALESCE(upper(original_currency), getvariable('base_currency'))
        = getvariable('base_currency')
      THEN TRY_CAST(original_revenue AS DECIMAL(18, 6))
    END AS revenue,
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
  CAST(revenue AS VARCHAR) AS revenue,
  _line
FROM named_events
WHERE revenue > 0 AND adid IS NOT NULL
-- table: campaign_costs
WITH installs AS (
  SELECT _line,
    COALESCE(campaign_name, split_part(tracker_name, '::', 2)) AS campaign,
    COALESCE(NULLIF(installed_at, '0'), created_at) AS installed,
    COALESCE(cost_amount, reporting_cost) AS cost,
    CASE WHEN cost_amount IS NULL THEN reporting_currency ELSE cost_currency END AS currency
  FROM file
  WHERE getvariable('costs') = 'installs'
    AND lower(activity_kind) = 'install' AND lower(COALESCE(environment, '')) <> 'sandbox'
    AND COALESCE(cost_amount, reporting_cost) IS NOT NULL
)
SELECT
  COALESCE(
    NULLIF(regexp_extract(campaign,
      ' \(([0-9]+|[0-9A-Za-z_-]*[0-9][0-9A-Za-z_-]*)\) *$', 1), ''),
    NULLIF(trim(campaign), '')
  ) AS campaign_id,
  CASE WHEN regexp_full_match(installed, '[0-9]{1,10}(\.0+)?')
    THEN CAST(CAST(timezone(getvariable('reporting_timezone'),
      timezone('UTC', make_timestamp(CAST(installed AS BIGINT) * 1000000))) AS DATE) AS VARCHAR)
    ELSE left(installed, 10) END AS date,
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
  FROM file
  WHERE lower(activity_kind) IN ('install', 'event', 'ad_revenue', 'session')
    AND lower(COALESCE(environment, '')) <> 'sandbox'
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
