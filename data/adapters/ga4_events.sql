-- GA4's events in BigQuery (tables events_YYYYMMDD), as Parquet or newline-delimited JSON.
-- First visits are customers, sessions with their channel are journeys, purchases and refunds are
-- transactions, and purchases in the base currency are conversions too.
-- Left out: every other event, pages, devices, and all parameters except those named below.
-- format: a GA4 BigQuery export
-- needs: event_date = event_date
-- needs: event_timestamp = event_timestamp
-- needs: event_name = event_name
-- needs: event_params = event_params
-- needs: user_pseudo_id (id) = user_pseudo_id
-- takes: user_id (id) = user_id
-- takes: last_click = session_traffic_source_last_click
-- takes: traffic_source = traffic_source
-- takes: geo = geo
-- takes: platform = platform
-- takes: ecommerce = ecommerce
-- takes: value_in_usd = event_value_in_usd
-- variable: customer = user | device
-- variable: revenue = original | usd
-- variable: channel = group | source
-- view: purchases
-- Purchases and refunds: the customer, time, order and amount of each.
SELECT
  *,
  CASE WHEN getvariable('customer') = 'device' THEN user_pseudo_id
    ELSE COALESCE(user_id, user_pseudo_id) END AS customer,
  CASE WHEN event_name = 'refund' THEN 1 ELSE 0 END AS is_return,
  CASE WHEN regexp_full_match(event_timestamp, '[0-9]{1,16}')
    THEN make_timestamp(CAST(event_timestamp AS BIGINT)) END AS happened,
  json_extract_string(event_params, '$[*].key') AS keys,
  json_extract_string(event_params, '$[*].value') AS vals,
  COALESCE(
    NULLIF(NULLIF(json_extract_string(ecommerce, '$.transaction_id'), '(not set)'), ''),
    json_extract_string(vals[list_position(keys, 'transaction_id')], '$.string_value')
  ) AS order_id,
  CASE
    WHEN order_id IS NULL THEN 'ga4-' || md5(concat_ws('|', user_pseudo_id, event_timestamp,
      event_name, ROW_NUMBER() OVER (
        PARTITION BY order_id, user_pseudo_id, event_timestamp, event_name ORDER BY _line)))
    WHEN is_return = 1 THEN order_id || '-refund-' || event_timestamp
    ELSE order_id
  END AS id,
  json_extract_string(vals[list_position(keys, 'currency')], '$.string_value') AS currency,
  json_extract_string(ecommerce, '$.purchase_revenue') AS paid,
  COALESCE(
    json_extract_string(ecommerce, '$.purchase_revenue_in_usd'),
    CASE WHEN is_return = 0 THEN value_in_usd END
  ) AS paid_in_usd
FROM file
WHERE event_name IN ('purchase', 'ecommerce_purchase', 'in_app_purchase', 'refund')
-- table: customers
-- Source and campaign are of one touch: of the session's last click, or where the session has none
-- at all, of the user's first source.
WITH visits AS (
  SELECT *,
    NULLIF(NULLIF(json_extract_string(last_click,
      '$.cross_channel_campaign.primary_channel_group'), '(not set)'), '') AS channel_group,
    NULLIF(NULLIF(json_extract_string(last_click,
      '$.google_ads_campaign.campaign_id'), '(not set)'), '') AS ads_id,
    NULLIF(NULLIF(json_extract_string(last_click,
      '$.manual_campaign.source'), '(not set)'), '') AS manual_source,
    NULLIF(NULLIF(json_extract_string(last_click,
      '$.cross_channel_campaign.source'), '(not set)'), '') AS cross_source,
    -- Names in brackets stand for what is no campaign: (direct), (organic), (referral), (not set).
    COALESCE(
      ads_id,
      NULLIF(NULLIF(json_extract_string(last_click,
        '$.manual_campaign.campaign_id'), '(not set)'), ''),
      CASE WHEN json_extract_string(last_click, '$.manual_campaign.campaign_name')
          NOT LIKE '(%)'
        THEN NULLIF(json_extract_string(last_click, '$.manual_campaign.campaign_name'), '') END,
      CASE WHEN json_extract_string(last_click, '$.google_ads_campaign.campaign_name')
          NOT LIKE '(%)'
        THEN NULLIF(json_extract_string(last_click, '$.google_ads_campaign.campaign_name'), '') END
    ) AS clicked,
    COALESCE(channel_group, manual_source, cross_source, clicked) IS NOT NULL AS has_click,
    CASE
      WHEN NOT has_click THEN json_extract_string(traffic_source, '$.source')
      WHEN manual_source IS NOT NULL THEN manual_source
      WHEN cross_source IS NOT NULL THEN cross_source
      WHEN ads_id IS NOT NULL THEN 'google'
    END AS source,
    CASE
      WHEN NOT has_click THEN json_extract_string(traffic_source, '$.medium')
      WHEN manual_source IS NOT NULL
      THEN json_extract_string(last_click, '$.manual_campaign.medium')
      WHEN cross_source IS NOT NULL
      THEN json_extract_string(last_click, '$.cross_channel_campaign.medium')
      WHEN ads_id IS NOT NULL THEN 'cpc'
    END AS medium
  FROM file
  WHERE event_name IN ('first_visit', 'first_open')
    AND COALESCE(user_id, user_pseudo_id) IS NOT NULL
)
SELECT
  CASE WHEN getvariable('customer') = 'device' THEN user_pseudo_id
    ELSE COALESCE(user_id, user_pseudo_id) END AS customer_id,
  CASE WHEN regexp_full_match(event_timestamp, '[0-9]{1,16}')
    THEN CAST(make_timestamp(CAST(event_timestamp AS BIGINT)) AS VARCHAR) || 'Z'
    ELSE event_timestamp END AS registration_date,
  NULLIF(json_extract_string(geo, '$.country'), '(not set)') AS country,
  CASE
    WHEN channel_group IS NOT NULL THEN channel_group
    WHEN source = '(direct)' THEN 'direct'
    WHEN medium = 'organic' THEN 'organic ' || source
    ELSE source || ' / ' || COALESCE(medium, '(none)')
  END AS acquisition_source,
  CASE WHEN has_click THEN clicked
    ELSE CASE WHEN json_extract_string(traffic_source, '$.name') NOT LIKE '(%)'
      THEN NULLIF(json_extract_string(traffic_source, '$.name'), '') END END AS campaign_id,
  lower(platform) AS platform
FROM visits
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY CASE WHEN getvariable('customer') = 'device' THEN user_pseudo_id
    ELSE COALESCE(user_id, user_pseudo_id) END, TRY_CAST(event_timestamp AS BIGINT) IS NULL
  ORDER BY TRY_CAST(event_timestamp AS BIGINT) NULLS LAST, _line
) = 1
-- table: transactions
WITH read AS (
  SELECT *,
    json_extract_string(vals[list_position(keys, 'product_id')], '$.string_value') AS product,
    COALESCE(
      json_extract_string(vals[list_position(keys, 'value')], '$.double_value'),
      json_extract_string(vals[list_position(keys, 'value')], '$.float_value'),
      json_extract_string(vals[list_position(keys, 'value')], '$.int_value')
    ) AS value,
    json_extract_string(ecommerce, '$.refund_value') AS returned,
    json_extract_string(ecommerce, '$.refund_value_in_usd') AS returned_in_usd
  FROM purchases
),
priced AS (
  SELECT *,
    -- A refund without a value is one of all that the file says was paid for the order. What has no
    -- order shares nothing: neither an amount nor a currency is another event's.
    CASE WHEN is_return = 0 THEN paid ELSE COALESCE(returned, value, paid, CASE
      WHEN order_id IS NOT NULL THEN CAST(MAX(
        CASE WHEN is_return = 0 THEN TRY_CAST(paid AS DECIMAL(18, 6)) END
      ) OVER (PARTITION BY order_id) AS VARCHAR) END) END AS original,
    CASE WHEN is_return = 0 THEN paid_in_usd ELSE COALESCE(returned_in_usd, CASE
      WHEN COALESCE(returned, value) IS NULL THEN COALESCE(paid_in_usd, CASE
        WHEN order_id IS NOT NULL THEN CAST(MAX(
          CASE WHEN is_return = 0 THEN TRY_CAST(paid_in_usd AS DECIMAL(18, 6)) END
        ) OVER (PARTITION BY order_id) AS VARCHAR) END) END) END AS usd,
    COALESCE(currency, CASE
      WHEN order_id IS NOT NULL THEN MAX(currency) OVER (PARTITION BY order_id) END) AS of_original
  FROM read
),
chosen AS (
  SELECT *,
    usd IS NOT NULL AND (
      getvariable('revenue') = 'usd' OR original IS NULL OR of_original IS NULL
    ) AS in_usd,
    CASE WHEN in_usd THEN usd ELSE original END AS amount,
    CASE WHEN in_usd THEN 'USD' ELSE of_original END AS of_amount
  FROM priced
)
SELECT
  id AS transaction_id,
  customer AS customer_id,
  COALESCE(CAST(happened AS VARCHAR) || 'Z', event_timestamp) AS transaction_date,
  COALESCE(CAST(ABS(TRY_CAST(amount AS DECIMAL(18, 6))) AS VARCHAR), amount) AS amount,
  CASE WHEN is_return = 1 OR TRY_CAST(amount AS DECIMAL(18, 6)) < 0 THEN 1 ELSE 0 END AS is_refund,
  order_id,
  product AS product_category,
  CASE WHEN is_return = 1 OR TRY_CAST(amount AS DECIMAL(18, 6)) < 0 THEN 'refund' ELSE 'purchase'
    END AS transaction_type,
  of_amount AS currency,
  CASE WHEN is_return = 1 AND amount IS NULL AND order_id IS NULL
    THEN 'amount: the refund has neither a value nor a transaction_id; send one of them'
    WHEN is_return = 1 AND amount IS NULL
    THEN 'amount: the refund has no value, and the file has no purchase of its transaction_id'
  END AS _rejected,
  _line
FROM chosen
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY id ORDER BY TRY_CAST(event_timestamp AS BIGINT) NULLS LAST, _line
) = 1
-- table: session_sources
-- A session that began before midnight goes on in the table of the next day, which is another file:
-- its id is the second of its beginning, so that both files say the same time.
WITH events AS (
  SELECT _line, event_date, event_name, user_id, user_pseudo_id, last_click, traffic_source,
    event_timestamp,
    CASE WHEN regexp_full_match(event_timestamp, '[0-9]{1,16}')
      THEN make_timestamp(CAST(event_timestamp AS BIGINT)) END AS happened,
    json_extract_string(event_params, '$[*].key') AS keys,
    json_extract_string(event_params, '$[*].value') AS vals
  FROM file
  WHERE user_pseudo_id IS NOT NULL
),
read AS (
  SELECT *,
    MIN(happened) OVER (PARTITION BY event_date) AS day_begins,
    COALESCE(
      json_extract_string(vals[list_position(keys, 'ga_session_id')], '$.int_value'),
      json_extract_string(vals[list_position(keys, 'ga_session_id')], '$.string_value')
    ) AS session_number,
    COALESCE(
      json_extract_string(vals[list_position(keys, 'session_engaged')], '$.string_value'),
      json_extract_string(vals[list_position(keys, 'session_engaged')], '$.int_value')
    ) AS engaged,
    json_extract_string(last_click, '$.cross_channel_campaign.primary_channel_group')
      AS channel_group,
    CASE
      WHEN json_extract_string(last_click, '$.manual_campaign.source') NOT IN ('', '(not set)')
      THEN json_extract_string(last_click, '$.manual_campaign.source') || ' / ' || COALESCE(
        json_extract_string(last_click, '$.manual_campaign.medium'), '(none)')
      WHEN json_extract_string(last_click, '$.cross_channel_campaign.source')
        NOT IN ('', '(not set)')
      THEN json_extract_string(last_click, '$.cross_channel_campaign.source') || ' / ' || COALESCE(
        json_extract_string(last_click, '$.cross_channel_campaign.medium'), '(none)')
      WHEN json_extract_string(last_click, '$.google_ads_campaign.campaign_id') IS NOT NULL
      THEN 'google / cpc'
      WHEN json_extract_string(traffic_source, '$.source') NOT IN ('', '(not set)')
      THEN json_extract_string(traffic_source, '$.source') || ' / ' || COALESCE(
        json_extract_string(traffic_source, '$.medium'), '(none)')
    END AS source
  FROM events
),
sessions AS (
  SELECT user_pseudo_id, session_number,
    CASE WHEN getvariable('customer') = 'user' THEN MAX(user_id) END AS user_id,
    MIN(happened) AS first_event,
    CASE WHEN regexp_full_match(session_number, '[0-9]{10}')
      THEN make_timestamp(CAST(session_number AS BIGINT) * 1000000) END AS numbered,
    BOOL_OR(event_name = 'session_start') AS has_beginning,
    ARG_MIN(day_begins, (happened, _line)) AS day_begins,
    ARG_MIN(CASE WHEN getvariable('channel') = 'group' THEN COALESCE(channel_group, source)
      ELSE COALESCE(source, channel_group) END, (happened, _line)) AS channel,
    MAX(CASE WHEN engaged = '1' THEN 1 ELSE 0 END) AS holds,
    MAX(CASE WHEN event_name IN ('add_to_cart', 'begin_checkout', 'add_shipping_info',
      'add_payment_info', 'purchase', 'ecommerce_purchase', 'in_app_purchase') THEN 1 ELSE 0 END)
      AS closes,
    MIN(_line) AS _line,
    MIN(event_timestamp) AS written
  FROM read
  WHERE session_number IS NOT NULL
  GROUP BY user_pseudo_id, session_number
),
dated AS (
  SELECT *, CAST(timezone(getvariable('source_timezone'), timezone('UTC', CASE
    WHEN NOT has_beginning AND numbered < day_begins
      AND numbered > first_event - INTERVAL '1 day' THEN numbered ELSE first_event END)) AS VARCHAR)
    AS moment
  FROM sessions
)
SELECT
  user_pseudo_id || '-' || session_number AS session_id,
  COALESCE(user_id, user_pseudo_id) AS user_id,
  CASE WHEN channel IN ('(direct) / (none)', '(direct) / (not set)') THEN 'Direct'
    ELSE COALESCE(channel, 'Unassigned') END AS channel_name,
  COALESCE(left(moment, 10), written) AS event_date,
  COALESCE(substr(moment, 12), written) AS event_time,
  holds AS holder_engagement,
  closes AS closer_engagement,
  _line
FROM dated
-- table: conversions
-- Purchases whose revenue is known in the base currency: conversions have no other.
WITH priced AS (
  SELECT *,
    TRY_CAST(CASE
      WHEN paid IS NOT NULL AND upper(currency) = getvariable('base_currency') THEN paid
      WHEN paid_in_usd IS NOT NULL AND getvariable('base_currency') = 'USD' THEN paid_in_usd
      WHEN paid_in_usd IS NULL AND currency IS NULL THEN paid
    END AS DECIMAL(18, 6)) AS revenue,
    CAST(timezone(getvariable('source_timezone'), timezone('UTC', happened)) AS VARCHAR) AS moment
  FROM purchases
  WHERE is_return = 0
)
SELECT
  id AS conv_id,
  customer AS user_id,
  COALESCE(left(moment, 10), event_timestamp) AS conv_date,
  COALESCE(substr(moment, 12), event_timestamp) AS conv_time,
  CAST(revenue AS VARCHAR) AS revenue,
  _line
FROM priced
WHERE customer IS NOT NULL AND revenue >= 0
QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY happened NULLS LAST, _line) = 1
