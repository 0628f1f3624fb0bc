-- Stripe payments, in the columns of today's export and of the one before it.
-- Taken: each payment that succeeded as a purchase, what was refunded of it and a dispute that was
-- lost as rows of their own; customers with their first such payment. Left out: payments that
-- failed, were not captured, or still wait. A refund or a dispute that is there no longer takes
-- its row back, in case an earlier file had one.
-- format: a payments export of Stripe
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
-- takes: customer_id = Customer ID
-- takes: email (person) = Customer Email
-- takes: payment_source = Payment Source Type
-- takes: card_country = Card Issue Country
-- refuse: lower(trim(mode)) = 'test'
-- because: the payment is one of test mode. In Stripe, switch test mode off, and export the payments again.
-- variable: amount = charged | converted
-- table: customers
WITH payments AS (
  SELECT
    *,
    COALESCE(customer_id, email) AS customer,
    regexp_replace(
      regexp_replace(created, '^([0-9]{4}-[0-9]{2}-[0-9]{2})$', '\1 00:00'),
      '^([0-9-]{10}[ T][0-9:.]+)$', '\1 UTC'
    ) AS paid_at
  FROM file
  WHERE regexp_matches(lower(trim(status)), 'refund|disput|succe|inquir|warning|^(paid|won|lost)$')
    AND lower(trim(COALESCE(captured, 'true'))) NOT IN ('false', 'no', '0')
)
SELECT
  customer AS customer_id,
  COALESCE(ARG_MIN(paid_at, TRY_CAST(paid_at AS TIMESTAMPTZ)), MIN(paid_at)) AS registration_date,
  ARG_MIN(card_country, TRY_CAST(paid_at AS TIMESTAMPTZ)) AS country,
  MIN(_line) AS _line
FROM payments
WHERE customer IS NOT NULL
GROUP BY customer
-- table: transactions
-- rows: many
WITH captured AS (
  SELECT
    *,
    COALESCE(customer_id, email) AS customer,
    lower(trim(COALESCE(status, ''))) AS state,
    TRY_CAST(charged AS DECIMAL(18,6)) AS whole,
    getvariable('amount') = 'converted' AS is_converted,
    regexp_replace(
      regexp_replace(created, '^([0-9]{4}-[0-9]{2}-[0-9]{2})$', '\1 00:00'),
      '^([0-9-]{10}[ T][0-9:.]+)$', '\1 UTC'
    ) AS paid_at,
    regexp_replace(
      regexp_replace(refunded_at, '^([0-9]{4}-[0-9]{2}-[0-9]{2})$', '\1 00:00'),
      '^([0-9-]{10}[ T][0-9:.]+)$', '\1 UTC'
    ) AS refunded_on,
    regexp_replace(
      regexp_replace(disputed_at, '^([0-9]{4}-[0-9]{2}-[0-9]{2})$', '\1 00:00'),
      '^([0-9-]{10}[ T][0-9:.]+)$', '\1 UTC'
    ) AS disputed_on
  FROM file
  WHERE lower(trim(COALESCE(captured, 'true'))) NOT IN ('false', 'no', '0')
),
payments AS (
  SELECT
    *,
    regexp_matches(state, 'refund|disput|succe|inquir|warning|^(paid|won|lost)$') AS counts,
    TRY_CAST(paid_at AS TIMESTAMPTZ) IS NOT NULL AS is_dated,
    CASE WHEN is_converted THEN converted ELSE charged END AS bought,
    CASE WHEN is_converted THEN converted_currency ELSE currency END AS unit,
    CASE
      WHEN refunded IS NULL AND state = 'refunded' THEN whole
      WHEN refunded IS NULL THEN 0
      ELSE ABS(TRY_CAST(refunded AS DECIMAL(18,6)))
    END AS back,
    COALESCE(lower(trim(dispute_status)) = 'lost', FALSE) AS is_lost
  FROM captured
),
amounts AS (
  SELECT
    *,
    TRY_CAST(bought AS DECIMAL(18,6)) AS worth,
    -- What was refunded of it is not taken back a second time.
    CASE
      WHEN NOT is_lost THEN 0
      WHEN whole - back IS NOT NULL
        AND (disputed IS NULL OR TRY_CAST(disputed AS DECIMAL(18,6)) IS NOT NULL)
        THEN GREATEST(0, LEAST(ABS(TRY_CAST(disputed AS DECIMAL(18,6))), whole - back))
    END AS lost
  FROM payments
  WHERE counts OR NOT regexp_matches(
    state, 'fail|cancel|require|uncaptured|incomplete|pending|processing|block|expire|unpaid'
  )
),
refunds AS (
  SELECT
    *,
    CASE
      WHEN back = 0 THEN 0
      WHEN is_converted AND converted_refunded IS NOT NULL
        THEN ABS(TRY_CAST(converted_refunded AS DECIMAL(18,6)))
      WHEN back = whole THEN worth
      ELSE CAST(back * worth / NULLIF(whole, 0) AS DECIMAL(18,6))
    END AS returned
  FROM amounts
  WHERE counts AND worth IS NOT NULL
)
SELECT
  FALSE AS is_deleted,
  id AS transaction_id,
  customer AS customer_id,
  paid_at AS transaction_date,
  CASE WHEN counts THEN bought ELSE 'Status ' || COALESCE(status, '(empty)') END AS amount,
  FALSE AS is_refund,
  id AS order_id,
  'purchase' AS transaction_type,
  payment_source AS payment_method,
  unit AS currency
FROM amounts
UNION ALL
SELECT
  returned = 0,
  id || '-refund',
  customer,
  CASE WHEN is_dated THEN COALESCE(refunded_on, paid_at) ELSE paid_at END,
  COALESCE(CAST(returned AS VARCHAR), refunded),
  TRUE,
  id,
  'refund',
  payment_source,
  unit
FROM refunds
WHERE returned IS DISTINCT FROM 0 OR is_dated
UNION ALL
SELECT
  lost = 0,
  id || '-dispute',
  customer,
  CASE WHEN is_dated THEN COALESCE(disputed_on, paid_at) ELSE paid_at END,
  COALESCE(
    CAST(CAST(
      CASE WHEN lost = 0 THEN 0 WHEN lost = whole THEN worth ELSE lost * worth / whole END
      AS DECIMAL(18,6)
    ) AS VARCHAR),
    disputed
  ),
  TRUE,
  id,
  'dispute',
  payment_source,
  unit
FROM refunds
WHERE dispute_status IS NOT NULL AND (lost IS DISTINCT FROM 0 OR is_dated)
