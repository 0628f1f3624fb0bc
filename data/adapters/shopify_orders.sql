-- Shopify orders: an order's fields stand on its first line, further lines are items of it.
-- Taken: each paid order as a purchase, and what was refunded of it as a row of its own; customers
-- with their first such order. Left out: orders that nobody paid, and test orders.
-- An order without a refund takes its refund row back, in case an earlier file had one.
-- format: an order export of Shopify
-- needs: name = Name
-- needs: financial_status = Financial Status
-- needs: created_at (date) = Created at
-- needs: paid_at (date) = Paid at
-- needs: total (number) = Total
-- needs: taxes (number) = Taxes
-- needs: shipping (number) = Shipping
-- needs: currency = Currency
-- takes: id = Id
-- takes: email (person) = Email
-- takes: customer_id = Customer ID
-- takes: subtotal (number) = Subtotal
-- takes: refunded (number) = Refunded Amount
-- takes: outstanding (number) = Outstanding Balance
-- takes: cancelled_at (date) = Cancelled at
-- takes: fulfilled_at (date) = Fulfilled at
-- takes: payment_method = Payment Method
-- takes: tags = Tags
-- takes: vendor = Vendor
-- takes: shipping_country = Shipping Country
-- takes: billing_country = Billing Country
-- refuse: regexp_full_match(id, '[0-9][.,]?[0-9]*[eE]\+?[0-9]+')
-- because: a spreadsheet has rounded the ids of the orders. In Shopify, export the orders again, and load that file without opening it.
-- variable: revenue = net | total | subtotal
-- table: customers
WITH orders AS (
  SELECT
    *,
    COALESCE(customer_id, email) AS customer,
    TRY_CAST(regexp_replace(created_at, ' ([+-][0-9]{2}:?[0-9]{2})$', '\1') AS TIMESTAMPTZ)
      AS created
  FROM file
  WHERE regexp_full_match(
      lower(trim(financial_status)), 'paid|refunded|partially[_ ](paid|refunded)'
    )
    AND NOT (cancelled_at IS NOT NULL AND paid_at IS NULL)
    AND NOT regexp_matches(lower(COALESCE(payment_method, '')), '\b(bogus|test|testing)\b')
    AND NOT regexp_matches(
      lower(COALESCE(tags, '')), '(^|,) *(bogus|test|test[ _-]?order) *(,|$)'
    )
)
SELECT
  customer AS customer_id,
  COALESCE(ARG_MIN(created_at, created), MIN(created_at)) AS registration_date,
  ARG_MIN(COALESCE(shipping_country, billing_country), created) AS country,
  MIN(_line) AS _line
FROM orders
WHERE customer IS NOT NULL
GROUP BY customer
-- table: transactions
-- rows: many
WITH lines AS (
  SELECT
    *,
    COALESCE(id, name) AS order_id,
    COALESCE(customer_id, email) AS customer,
    replace(lower(trim(COALESCE(financial_status, ''))), ' ', '_') AS status,
    TRY_CAST(total AS DECIMAL(18,6)) AS whole,
    CASE getvariable('revenue')
      WHEN 'total' THEN TRY_CAST(total AS DECIMAL(18,6))
      WHEN 'subtotal' THEN TRY_CAST(subtotal AS DECIMAL(18,6))
      ELSE TRY_CAST(total AS DECIMAL(18,6)) - TRY_CAST(COALESCE(taxes, '0') AS DECIMAL(18,6))
        - TRY_CAST(COALESCE(shipping, '0') AS DECIMAL(18,6))
    END AS revenue,
    ABS(TRY_CAST(refunded AS DECIMAL(18,6))) AS given_back,
    -- What an order of several vendors brought in is no one's alone.
    CASE
      WHEN MIN(vendor) OVER (PARTITION BY name) = MAX(vendor) OVER (PARTITION BY name)
        THEN MIN(vendor) OVER (PARTITION BY name)
    END AS only_vendor,
    COALESCE(paid_at, created_at) AS bought_at,
    [created_at, paid_at, fulfilled_at, cancelled_at] AS dates,
    list_transform(
      [created_at, paid_at, fulfilled_at, cancelled_at, COALESCE(paid_at, created_at)],
      lambda each: TRY_CAST(
        regexp_replace(each, ' ([+-][0-9]{2}:?[0-9]{2})$', '\1') AS TIMESTAMPTZ
      )
    ) AS instants
  FROM file
),
orders AS (
  SELECT
    *,
    -- Where shipping is all that was paid, its tax would be taken off twice.
    CASE WHEN whole >= 0 AND revenue < 0 THEN 0 WHEN whole IS NOT NULL THEN revenue END AS worth,
    status IN ('paid', 'partially_refunded', 'refunded', 'partially_paid') AS counts,
    CASE
      WHEN status <> 'partially_paid' THEN 1
      WHEN whole > 0 THEN (whole - TRY_CAST(outstanding AS DECIMAL(18,6))) / whole
    END AS share,
    CASE
      WHEN status = 'refunded' AND COALESCE(given_back, 0) = 0 THEN whole
      WHEN refunded IS NULL AND status <> 'partially_refunded' THEN 0
      ELSE given_back
    END AS back,
    -- A refund is not to stand without its purchase: what keeps that out keeps it out, too.
    CASE
      WHEN instants[5] IS NULL THEN bought_at
      ELSE dates[list_position(instants, list_max(instants))]
    END AS given_back_at,
    CASE
      WHEN whole IS NULL THEN total
      WHEN getvariable('revenue') = 'subtotal' AND revenue IS NULL THEN subtotal
      WHEN TRY_CAST(COALESCE(taxes, '0') AS DECIMAL(18,6)) IS NULL THEN taxes
      WHEN TRY_CAST(COALESCE(shipping, '0') AS DECIMAL(18,6)) IS NULL THEN shipping
      ELSE outstanding
    END AS unread
  FROM lines
  WHERE (financial_status IS NOT NULL OR total IS NOT NULL)
    AND status NOT IN ('pending', 'authorized', 'voided', 'expired', 'unpaid')
    AND NOT (cancelled_at IS NOT NULL AND paid_at IS NULL)
    AND NOT regexp_matches(lower(COALESCE(payment_method, '')), '\b(bogus|test|testing)\b')
    AND NOT regexp_matches(
      lower(COALESCE(tags, '')), '(^|,) *(bogus|test|test[ _-]?order) *(,|$)'
    )
),
amounts AS (
  SELECT
    *,
    CASE
      WHEN counts THEN COALESCE(CAST(CAST(worth * share AS DECIMAL(18,6)) AS VARCHAR), unread)
      ELSE 'Financial Status ' || COALESCE(financial_status, '(empty)')
    END AS bought,
    -- A full refund takes back the whole revenue, and no more.
    CASE
      WHEN worth IS NULL OR back IS NULL THEN NULL
      WHEN back = whole THEN CAST(worth AS DECIMAL(18,6))
      WHEN whole = 0 THEN 0
      ELSE CAST(back * worth / whole AS DECIMAL(18,6))
    END AS returned
  FROM orders
)
SELECT
  FALSE AS is_deleted,
  order_id AS transaction_id,
  customer AS customer_id,
  bought_at AS transaction_date,
  bought AS amount,
  FALSE AS is_refund,
  order_id,
  only_vendor AS product_category,
  'purchase' AS transaction_type,
  payment_method,
  currency
FROM amounts
UNION ALL
SELECT
  returned = 0,
  order_id || '-refund',
  customer,
  given_back_at,
  COALESCE(CAST(returned AS VARCHAR), refunded),
  TRUE,
  order_id,
  only_vendor,
  'refund',
  payment_method,
  currency
FROM amounts
WHERE counts AND worth IS NOT NULL
  AND (returned IS DISTINCT FROM 0 OR (share IS NOT NULL AND instants[5] IS NOT NULL))
