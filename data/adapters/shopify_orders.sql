-- Shopify orders: the first line of an order has its fields, further lines are its items.
-- Loaded: each paid order as a purchase, with a separate row for its refund; customers from their first
-- paid order. Left out: unpaid orders and test orders.
-- If there is no refund, a deletion removes the refund row that an earlier file may have had. If an order
-- appears twice in a file, as in two exports put together, the state with the larger refund counts.
-- format: an order export of Shopify
-- skip: until header
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
-- takes: customer_id (id) = Customer ID
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
-- view: orders
-- First lines of orders, without tests and unpaid orders: the customer and time of each.
SELECT
  *,
  COALESCE(id, name) AS order_id,
  COALESCE(customer_id, email) AS customer,
  replace(lower(trim(COALESCE(financial_status, ''))), ' ', '_') AS status,
  status IN ('paid', 'partially_paid', 'partially_refunded', 'refunded') AS is_paid,
  COALESCE(paid_at, created_at) AS bought_at,
  [created_at, paid_at, fulfilled_at, cancelled_at, bought_at] AS dates,
  list_transform(
    dates,
    lambda each: TRY_CAST(
      regexp_replace(each, ' ([+-][0-9]{2}:?[0-9]{2})$', '\1') AS TIMESTAMPTZ
    )
  ) AS instants,
  instants[1] AS created,
  instants[5] IS NOT NULL AS is_dated
FROM file
WHERE (financial_status IS NOT NULL OR total IS NOT NULL)
  AND status NOT IN ('pending', 'authorized', 'voided', 'expired', 'unpaid')
  AND NOT (cancelled_at IS NOT NULL AND paid_at IS NULL)
  AND NOT regexp_matches(lower(COALESCE(payment_method, '')), '\b(bogus|test|testing)\b')
  AND NOT regexp_matches(lower(COALESCE(tags, '')), '(^|,) *(bogus|test|test[ _-]?order) *(,|$)')
-- view: amounts
-- What each order charged and refunded, and how much revenue it brought in and gave back; one line
-- for each order that can be read.
WITH vendors AS (
  -- What an order of several vendors brought in is no one's alone.
  SELECT name AS order_name, MIN(vendor) AS only_vendor
  FROM file
  GROUP BY name
  HAVING MIN(vendor) = MAX(vendor)
)
SELECT
  *,
  TRY_CAST(total AS DECIMAL(18,6)) AS charged,
  TRY_CAST(COALESCE(taxes, '0') AS DECIMAL(18,6)) AS tax_charged,
  TRY_CAST(COALESCE(shipping, '0') AS DECIMAL(18,6)) AS shipping_charged,
  CASE getvariable('revenue')
    WHEN 'total' THEN charged
    WHEN 'subtotal' THEN TRY_CAST(subtotal AS DECIMAL(18,6))
    ELSE charged - tax_charged - shipping_charged
  END AS remainder,
  -- Where shipping is all that was paid, its tax would be taken off twice.
  CASE WHEN charged >= 0 AND remainder < 0 THEN 0 WHEN charged IS NOT NULL THEN remainder END
    AS revenue,
  CASE
    WHEN status <> 'partially_paid' THEN 1
    WHEN charged > 0 THEN (charged - TRY_CAST(outstanding AS DECIMAL(18,6))) / charged
  END AS paid_share,
  -- What could not be read where an amount is missing: it goes to quarantine in its place.
  CASE
    WHEN charged IS NULL THEN total
    WHEN getvariable('revenue') = 'subtotal' AND revenue IS NULL THEN subtotal
    WHEN tax_charged IS NULL THEN taxes
    WHEN shipping_charged IS NULL THEN shipping
    ELSE outstanding
  END AS unread,
  ABS(TRY_CAST(refunded AS DECIMAL(18,6))) AS refund_stated,
  CASE
    WHEN status = 'refunded' AND COALESCE(refund_stated, 0) = 0 THEN charged
    WHEN refunded IS NULL AND status <> 'partially_refunded' THEN 0
    ELSE refund_stated
  END AS refund,
  -- A full refund takes back the whole revenue, and no more.
  CASE
    WHEN revenue IS NULL OR refund IS NULL THEN NULL
    WHEN refund = charged THEN CAST(revenue AS DECIMAL(18,6))
    WHEN charged = 0 THEN 0
    ELSE CAST(refund * revenue / charged AS DECIMAL(18,6))
  END AS refunded_revenue,
  CAST(revenue * paid_share AS DECIMAL(18,6)) AS purchased,
  is_paid AND is_dated AND purchased IS NOT NULL AS is_taken,
  CASE
    WHEN NOT is_paid
      THEN COALESCE(
        'Financial Status ''' || financial_status || ''' is not known',
        'Financial Status is empty'
      )
    WHEN status = 'partially_paid' AND outstanding IS NULL
      THEN 'Outstanding Balance is empty on a partially paid order'
  END AS rejected
FROM orders LEFT JOIN vendors ON order_name IS NOT DISTINCT FROM name
-- Refunds only grow: the larger one is the newer state.
QUALIFY NOT is_taken OR order_id IS NULL OR ROW_NUMBER() OVER (
  PARTITION BY order_id, is_taken ORDER BY refund DESC NULLS LAST, _line DESC
) = 1
-- table: customers
SELECT
  customer AS customer_id,
  COALESCE(ARG_MIN(created_at, (created, _line)), MIN(created_at)) AS registration_date,
  ARG_MIN(COALESCE(shipping_country, billing_country), (created, _line)) AS country,
  MIN(_line) AS _line
FROM amounts
WHERE is_taken AND customer IS NOT NULL
GROUP BY customer
-- table: transactions
-- rows: many
SELECT
  FALSE AS is_deleted,
  order_id AS transaction_id,
  customer AS customer_id,
  bought_at AS transaction_date,
  COALESCE(
    CAST(purchased AS VARCHAR),
    CASE WHEN rejected IS NOT NULL THEN CAST(revenue AS VARCHAR) END,
    unread
  ) AS amount,
  FALSE AS is_refund,
  order_id,
  only_vendor AS product_category,
  'purchase' AS transaction_type,
  payment_method,
  currency,
  rejected AS _rejected
FROM amounts
UNION ALL
SELECT
  refunded_revenue = 0,
  order_id || '-refund',
  customer,
  -- A refund is not to stand without its purchase: what keeps that out keeps it out, too.
  CASE WHEN is_dated THEN dates[list_position(instants, list_max(instants))] ELSE bought_at END,
  COALESCE(CAST(refunded_revenue AS VARCHAR), refunded),
  TRUE,
  order_id,
  only_vendor,
  'refund',
  payment_method,
  currency,
  rejected
FROM amounts
WHERE is_paid AND revenue IS NOT NULL
  AND (refunded_revenue IS DISTINCT FROM 0 OR (paid_share IS NOT NULL AND is_dated))
