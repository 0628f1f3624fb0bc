-- Stripe payments, with the columns of the current export or of the previous one.
-- Loaded: each successful payment as a purchase, with separate rows for its refund and a lost dispute;
-- customers from their first successful payment. Left out: payments that failed, were not captured or
-- are pending. If there is no refund or dispute, a deletion removes the row that an earlier file may
-- have had. If a payment appears twice in a file, as in two exports put together, the state with the
-- larger refund counts.
-- format: a payments export of Stripe
-- skip: until header
-- needs: id = id
-- needs: created (date) = Created date (UTC) | Created (UTC)
-- needs: charged (number) = Amount
-- needs: refunded (number) = Amount Refunded
-- needs: currency = Currency
-- needs: status = Status
-- needs: captured = Captured
-- takes: mode = Mode
-- takes: converted (number) = Converted Amount
-- takes: converted_refunded (number) = Converted Amount Refunded
-- takes: converted_currency = Converted Currency
-- takes: refunded_at (date) = Refunded date (UTC)
-- takes: disputed (number) = Disputed Amount
-- takes: dispute_status = Dispute Status
-- takes: disputed_at (date) = Dispute Date (UTC) | Dispute Date
-- takes: customer_id (id) = Customer ID
-- takes: email (person) = Customer Email
-- takes: payment_source = Payment Source Type
-- takes: card_country = Card Issue Country
-- refuse: lower(trim(mode)) = 'test'
-- because: the payment is one of test mode. In Stripe, switch test mode off, and export the payments again.
-- variable: amount = charged | converted
-- view: payments
-- Captured payments except failed and pending ones: the customer of each, and when what happened.
SELECT
  *,
  COALESCE(customer_id, email) AS customer,
  lower(trim(COALESCE(status, ''))) AS state,
  regexp_matches(
    state, '(^|[^a-z])(refund|disput|succe|inquir|warning)|^(paid|won|lost)$'
  ) AS is_paid,
  -- A day alone begins at midnight; what names no zone is UTC.
  list_transform(
    [created, refunded_at, disputed_at],
    lambda each: regexp_replace(
      regexp_replace(each, '^([0-9]{4}-[0-9]{2}-[0-9]{2})$', '\1 00:00'),
      '^([0-9-]{10}[ T][0-9:.]+)$', '\1 UTC'
    )
  ) AS dates,
  dates[1] AS paid_on,
  TRY_CAST(paid_on AS TIMESTAMPTZ) AS paid,
  -- A refund or a dispute is not to stand without its payment: what keeps that out keeps it out.
  CASE WHEN paid IS NOT NULL THEN COALESCE(dates[2], paid_on) ELSE paid_on END AS refunded_on,
  CASE WHEN paid IS NOT NULL THEN COALESCE(dates[3], paid_on) ELSE paid_on END AS disputed_on
FROM file
WHERE lower(trim(COALESCE(captured, 'true'))) NOT IN ('false', 'no', '0')
  AND (is_paid OR NOT regexp_matches(
    state, 'fail|cancel|require|uncaptured|incomplete|pending|processing|block|expire|unpaid'
  ))
-- view: amounts
-- What each payment brought in and what went back of it, in the currency of the choice; one line
-- for each payment that can be read.
SELECT
  *,
  getvariable('amount') = 'converted' AS is_converted,
  CASE WHEN is_converted THEN converted ELSE charged END AS amount,
  CASE WHEN is_converted THEN converted_currency ELSE currency END AS amount_currency,
  TRY_CAST(amount AS DECIMAL(18,6)) AS revenue,
  TRY_CAST(charged AS DECIMAL(18,6)) AS charge,
  CASE
    WHEN refunded IS NOT NULL THEN ABS(TRY_CAST(refunded AS DECIMAL(18,6)))
    WHEN state = 'refunded' THEN charge
    ELSE 0
  END AS refund,
  CASE
    WHEN refund = 0 THEN 0
    WHEN is_converted AND converted_refunded IS NOT NULL
      THEN ABS(TRY_CAST(converted_refunded AS DECIMAL(18,6)))
    WHEN refund = charge THEN revenue
    ELSE CAST(refund * revenue / NULLIF(charge, 0) AS DECIMAL(18,6))
  END AS refunded_revenue,
  -- What was refunded of it is not taken back a second time.
  CASE
    WHEN lower(trim(dispute_status)) IS DISTINCT FROM 'lost' THEN 0
    WHEN charge - refund IS NOT NULL
      AND (disputed IS NULL OR TRY_CAST(disputed AS DECIMAL(18,6)) IS NOT NULL)
      THEN GREATEST(0, LEAST(ABS(TRY_CAST(disputed AS DECIMAL(18,6))), charge - refund))
  END AS loss,
  CAST(
    CASE WHEN loss = 0 THEN 0 WHEN loss = charge THEN revenue ELSE loss * revenue / charge END
    AS DECIMAL(18,6)
  ) AS lost_revenue,
  is_paid AND paid IS NOT NULL AND revenue IS NOT NULL AS is_taken
FROM payments
-- Refunds only grow: the larger one is the newer state. So it is with disputes, which are lost late.
QUALIFY NOT is_taken OR id IS NULL OR ROW_NUMBER() OVER (
  PARTITION BY id, is_taken ORDER BY refund DESC NULLS LAST, loss DESC NULLS LAST, _line DESC
) = 1
-- table: customers
SELECT
  customer AS customer_id,
  COALESCE(ARG_MIN(paid_on, (paid, _line)), MIN(paid_on)) AS registration_date,
  ARG_MIN(card_country, (paid, _line)) AS country,
  MIN(_line) AS _line
FROM amounts
WHERE is_taken AND customer IS NOT NULL
GROUP BY customer
-- table: transactions
-- rows: many
SELECT
  FALSE AS is_deleted,
  id AS transaction_id,
  customer AS customer_id,
  paid_on AS transaction_date,
  amount,
  FALSE AS is_refund,
  id AS order_id,
  'purchase' AS transaction_type,
  payment_source AS payment_method,
  amount_currency AS currency,
  CASE WHEN NOT is_paid
    THEN COALESCE('Status ''' || status || ''' is not known', 'Status is empty') END AS _rejected
FROM amounts
UNION ALL
SELECT
  refunded_revenue = 0,
  id || '-refund',
  customer,
  refunded_on,
  COALESCE(CAST(refunded_revenue AS VARCHAR), refunded),
  TRUE,
  id,
  'refund',
  payment_source,
  amount_currency,
  NULL
FROM amounts
WHERE is_paid AND revenue IS NOT NULL
  AND (refunded_revenue IS DISTINCT FROM 0 OR paid IS NOT NULL)
UNION ALL
SELECT
  loss = 0,
  id || '-dispute',
  customer,
  disputed_on,
  COALESCE(CAST(lost_revenue AS VARCHAR), disputed),
  TRUE,
  id,
  'dispute',
  payment_source,
  amount_currency,
  NULL
FROM amounts
WHERE is_paid AND revenue IS NOT NULL
  AND dispute_status IS NOT NULL AND (loss IS DISTINCT FROM 0 OR paid IS NOT NULL)
