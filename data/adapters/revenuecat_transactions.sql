-- RevenueCat's scheduled export of transactions, CSV or Parquet: one line per purchase or renewal,
-- exported again when it changes. Loaded: customers, and purchases with their refunds.
-- Left out: sandbox, trials and grants without a price, family sharing, subscriber attributes.
-- format: a RevenueCat transactions export
-- skip: until header
-- needs: app_user_id (id) = rc_original_app_user_id
-- needs: product = product_identifier
-- needs: start_time (date) = start_time
-- needs: store = store
-- needs: is_sandbox = is_sandbox
-- needs: store_transaction_id = store_transaction_id
-- takes: alias (id) = rc_last_seen_app_user_id_alias
-- takes: country = country
-- takes: platform = platform
-- takes: first_seen_time (date) = first_seen_time
-- takes: updated_at (date) = updated_at
-- takes: refunded_at (date) = refunded_at
-- takes: is_trial_period = is_trial_period
-- takes: ownership_type = ownership_type
-- takes: renewal_number = renewal_number
-- takes: price_usd (number) = price_in_usd | price
-- takes: gross_usd (number) = purchase_price_in_usd
-- takes: price_purchased (number) = price_in_purchased_currency
-- takes: gross_purchased (number) = purchase_price_in_purchased_currency
-- takes: purchased_currency = purchased_currency
-- takes: takehome (number) = takehome_percentage
-- takes: tax (number) = tax_percentage
-- takes: commission (number) = commission_percentage
-- empty: null
-- numbers: 1204.50
-- refuse: regexp_full_match(TRIM(app_user_id), '[0-9]([.,][0-9]+)?[eE]\+[0-9]{2}')
-- because: a spreadsheet has shortened the user ids (as in 1.2E+11); they cannot be told apart. In RevenueCat's bucket, fetch the file again, and load it without saving it in a spreadsheet.
-- refuse: regexp_full_match(TRIM(alias), '[0-9]([.,][0-9]+)?[eE]\+[0-9]{2}')
-- because: a spreadsheet has shortened the user ids (as in 1.2E+11); they cannot be told apart. In RevenueCat's bucket, fetch the file again, and load it without saving it in a spreadsheet.
-- refuse: regexp_full_match(TRIM(store_transaction_id), '[0-9]([.,][0-9]+)?[eE]\+[0-9]{2}')
-- because: a spreadsheet has shortened the ids of purchases (as in 2.0E+15); they cannot be told apart. In RevenueCat's bucket, fetch the file again, and load it without saving it in a spreadsheet.
-- variable: revenue = takehome | price
-- variable: currency = purchased | usd
-- variable: customer = original | alias
-- view: purchases
-- Purchases and renewals outside the sandbox: the amount paid, the amount after refunds, and our share.
SELECT
  *,
  CASE WHEN getvariable('customer') = 'alias' THEN COALESCE(alias, app_user_id)
    ELSE app_user_id END AS customer,
  price_usd IS NOT NULL AND (
    getvariable('currency') = 'usd' OR price_purchased IS NULL OR purchased_currency IS NULL
  ) AS in_usd,
  CASE WHEN in_usd THEN 'USD' ELSE purchased_currency END AS currency,
  -- Of a refunded line, price is what is left after the refund, and purchase_price what was paid.
  CASE WHEN in_usd THEN price_usd ELSE price_purchased END AS price,
  CASE WHEN in_usd THEN gross_usd ELSE gross_purchased END AS gross,
  TRY_CAST(price AS DECIMAL(18,6)) AS price_left,
  TRY_CAST(gross AS DECIMAL(18,6)) AS gross_price,
  CASE
    WHEN refunded_at IS NOT NULL AND gross_price >= COALESCE(price_left, 0) THEN gross
    ELSE price
  END AS paid,
  TRY_CAST(paid AS DECIMAL(18,6)) AS price_paid,
  TRY_CAST(takehome AS DECIMAL(18,9)) AS takehome_share,
  CASE
    WHEN getvariable('revenue') = 'price' THEN 1
    -- 70 percent may be written as 0.7 or as 70.
    WHEN takehome IS NOT NULL
      THEN takehome_share / CASE WHEN takehome_share > 1 THEN 100 ELSE 1 END
    ELSE 1 - TRY_CAST(commission AS DECIMAL(18,9)) - COALESCE(TRY_CAST(tax AS DECIMAL(18,9)), 0)
  END AS share
FROM file
WHERE lower(COALESCE(is_sandbox, 'false')) NOT IN ('true', 't', '1', 'yes')
  AND upper(COALESCE(ownership_type, '')) <> 'FAMILY_SHARED'
-- table: customers
-- Where the export does not say when a customer was first seen, the first purchase stands for it.
-- A time without a zone is one of UTC, here and below.
SELECT
  CASE WHEN getvariable('customer') = 'alias' THEN COALESCE(alias, app_user_id)
    ELSE app_user_id END AS customer_id,
  regexp_replace(
    COALESCE(first_seen_time, start_time), '^([0-9-]{10}[ T][0-9:.]+)$', '\1Z'
  ) AS registration_date,
  country,
  lower(platform) AS platform,
  regexp_replace(updated_at, '^([0-9-]{10}[ T][0-9:.]+)$', '\1Z') AS updated_at
FROM file
WHERE lower(COALESCE(is_sandbox, 'false')) NOT IN ('true', 't', '1', 'yes')
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY customer_id, TRY_CAST(registration_date AS TIMESTAMPTZ) IS NULL
  ORDER BY TRY_CAST(registration_date AS TIMESTAMPTZ),
    TRY_CAST(regexp_replace(file.updated_at, '^([0-9-]{10}[ T][0-9:.]+)$', '\1Z') AS TIMESTAMPTZ)
      DESC NULLS LAST,
    _line DESC
) = 1
-- table: transactions
-- rows: many
-- What was refunded keeps its purchase; the refund is a row of its own.
WITH rows AS (
  SELECT *, 0 AS is_refund, store_transaction_id AS id, start_time AS happened, paid AS amount
  FROM purchases
  -- Trials and grants have no price; a price that cannot be read goes to quarantine.
  WHERE (refunded_at IS NOT NULL AND COALESCE(gross_price <> 0, TRUE))
    OR COALESCE(
      price_left <> 0,
      price IS NOT NULL OR (
        lower(COALESCE(is_trial_period, 'false')) NOT IN ('true', 't', '1', 'yes')
        AND lower(COALESCE(store, '')) <> 'promotional'
      )
    )
  UNION ALL
  SELECT *, 1, store_transaction_id || '-refund', refunded_at,
    CASE
      WHEN price_paid > price_left AND price_left >= 0
        THEN CAST(price_paid - price_left AS VARCHAR)
      ELSE paid
    END
  FROM purchases
  WHERE refunded_at IS NOT NULL AND COALESCE(price_paid <> 0, TRUE)
)
SELECT
  lower(store) || '-' || id AS transaction_id,
  customer AS customer_id,
  regexp_replace(happened, '^([0-9-]{10}[ T][0-9:.]+)$', '\1Z') AS transaction_date,
  CASE
    WHEN TRY_CAST(amount AS DECIMAL(18,6)) IS NULL THEN amount
    WHEN share IS NULL AND TRY_CAST(amount AS DECIMAL(18,6)) <> 0
      THEN amount || ' (without a takehome_percentage)'
    ELSE CAST(
      CAST(TRY_CAST(amount AS DECIMAL(18,6)) * COALESCE(share, 1) AS DECIMAL(18,6)) AS VARCHAR
    )
  END AS amount,
  is_refund,
  store_transaction_id AS order_id,
  product AS product_category,
  CASE
    WHEN is_refund = 1 THEN 'refund'
    WHEN TRY_CAST(renewal_number AS INTEGER) > 1 THEN 'renewal'
    ELSE 'purchase'
  END AS transaction_type,
  lower(store) AS payment_method,
  currency,
  regexp_replace(updated_at, '^([0-9-]{10}[ T][0-9:.]+)$', '\1Z') AS updated_at
FROM rows
