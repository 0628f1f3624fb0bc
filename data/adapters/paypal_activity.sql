-- PayPal activity, English: one line per movement of the balance.
-- Loaded: payments received as purchases; refunds, reversals and chargebacks as separate rows;
-- customers from their first payment received. Left out: payments sent, fees, holds, conversions of
-- currencies, withdrawals, transfers, lines without effect on the balance, incomplete payments.
-- Money received under an unknown type goes to quarantine, because it may not be revenue.
-- format: an activity download of PayPal
-- skip: until header
-- needs: date (date) = Date
-- needs: time = Time
-- needs: zone = TimeZone | Time zone
-- needs: type = Type
-- needs: status = Status
-- needs: currency = Currency
-- needs: gross (number) = Gross
-- needs: transaction_id = Transaction ID
-- takes: fee (number) = Fee
-- takes: net (number) = Net
-- takes: sender (person) = From Email Address
-- takes: receiver (person) = To Email Address
-- takes: reference = Reference Txn ID
-- takes: country = Country Code | Country
-- takes: impact = Balance Impact
-- variable: amount = gross | net
-- variable: ist = unknown | india | israel
-- view: lines
-- All lines with their type in lower case, and whether it is a payment by a buyer.
SELECT
  *,
  regexp_replace(lower(trim(type)), '\s+', ' ', 'g') AS movement,
  movement IN (
    'auction payment', 'checkout payment', 'direct credit card payment', 'direct payment',
    'donation payment', 'donation received', 'ebay auction payment', 'ebay payment received',
    'express checkout payment', 'express checkout payment received', 'general payment',
    'gift certificate payment', 'invoice payment', 'mobile express checkout payment',
    'mobile payment', 'mobile payment received', 'payment', 'payment received',
    'paypal checkout payment', 'paypal here payment', 'point of sale payment',
    'pre-approved payment', 'pre-approved payment bill user payment', 'preapproved payment',
    'preapproved payment bill user payment', 'recurring payment', 'recurring payment received',
    'shopping cart payment received', 'subscription payment', 'subscription payment received',
    'third party auction payment', 'virtual terminal payment', 'virtual terminal transaction',
    'web accept payment received', 'website payment', 'website payment received',
    'website payments pro api solution'
  ) AS is_sale
FROM file
-- view: movements
-- Lines that tell of money from or back to a buyer: what each is, how much it moved, and when.
SELECT
  *,
  lower(trim(status)) AS state,
  -- What came back of a payment is a line of its own.
  state IN (
    'completed', 'cleared', 'refunded', 'partially refunded', 'reversed', 'partially reversed'
  ) AS is_completed,
  TRY_CAST(gross AS DECIMAL(18,6)) AS moved,
  CASE
    WHEN is_sale THEN 'purchase'
    -- A payment of another type, as of a payout, is not known for the words in its name.
    WHEN NOT regexp_matches(movement, '\bpayment( received)?$') AND regexp_matches(
      movement,
      '\b(fees?|tax|holds?|release|conversion|withdrawal|bank|deposit|transfer|memo|item)\b'
      || '|\b(authorization|request|invoice (sent|received)|update to|void|correction)\b'
      || '|\b(adjustment|buyer credit|bml credit|credit card deposit|reimbursement|funding)\b'
      || '|\b(funds|loan|repayment|interest|cashback|rewards?|payouts?)\b'
      || '|^(paypal )?order$'
    ) THEN 'other'
    -- Money that a buyer had taken back comes again.
    WHEN regexp_matches(movement, 'chargeback revers|cancel.*revers|revers.*cancel')
      THEN 'reversal_canceled'
    WHEN regexp_matches(movement, 'refund|revers|chargeback') THEN 'refund'
    ELSE 'unknown'
  END AS kind,
  -- As 24 hours: 1:05 PM is 13:05.
  CASE
    WHEN regexp_full_match(time, '[0-9]{1,2}:[0-9]{2}(:[0-9]{2})? ?[AaPp]\.?[Mm]\.?')
      THEN printf(
        '%02d%s',
        CAST(split_part(time, ':', 1) AS INTEGER) % 12
          + CASE WHEN regexp_matches(time, '[Pp]') THEN 12 ELSE 0 END,
        regexp_extract(time, ':[0-9:]+')
      )
    ELSE COALESCE(regexp_replace(time, '^([0-9]):', '0\1:'), '(no time)')
  END AS clock,
  COALESCE(
    MAP {
      'HST': '-10:00', 'AKST': '-09:00', 'PST': '-08:00', 'AKDT': '-08:00',
      'PDT': '-07:00', 'MST': '-07:00', 'MDT': '-06:00', 'CST': '-06:00', 'CDT': '-05:00',
      'EST': '-05:00', 'EDT': '-04:00', 'BRT': '-03:00', 'ART': '-03:00', 'UTC': '+00:00',
      'GMT': '+00:00', 'WET': '+00:00', 'Z': '+00:00', 'BST': '+01:00', 'CET': '+01:00',
      'WEST': '+01:00', 'CEST': '+02:00', 'EET': '+02:00', 'SAST': '+02:00',
      'EEST': '+03:00', 'MSK': '+03:00', 'TRT': '+03:00', 'IDT': '+03:00', 'ICT': '+07:00',
      'WIB': '+07:00', 'SGT': '+08:00', 'HKT': '+08:00', 'AWST': '+08:00', 'MYT': '+08:00',
      'PHT': '+08:00', 'JST': '+09:00', 'KST': '+09:00', 'ACST': '+09:30',
      'AEST': '+10:00', 'ACDT': '+10:30', 'AEDT': '+11:00', 'NZST': '+12:00',
      'NZDT': '+13:00',
      -- Several zones have this name.
      'IST': MAP {'india': '+05:30', 'israel': '+02:00'}[getvariable('ist')]
    }[upper(trim(zone))],
    NULLIF(regexp_extract(trim(zone), '^(GMT|UTC)?([+-][0-9]{2}:?[0-9]{2})$', 2), ''),
    CASE WHEN contains(zone, '/') THEN ' ' || trim(zone) END
  ) AS utc_offset,
  -- A date that could not be read stays as it is, and goes to quarantine.
  CASE
    WHEN regexp_full_match(date, '[0-9]{4}-[0-9]{2}-[0-9]{2}( 00:00(:00)?)?')
      THEN left(date, 10) || ' ' || clock || COALESCE(utc_offset, '')
    ELSE date || ' ' || COALESCE(time, '')
  END AS happened_at
FROM lines
WHERE lower(trim(impact)) IS DISTINCT FROM 'memo'
  AND kind <> 'other'
  AND CASE
    WHEN moved IS NULL THEN kind <> 'unknown'
    WHEN kind = 'refund' THEN moved < 0
    ELSE moved > 0
  END
  AND COALESCE(NOT regexp_matches(
    state,
    'pending|denied|cancell?ed|expired|failed|returned|unclaimed|held|on hold|removed|placed'
      || '|active|voided|created|process|review|blocked|declined|rejected|unpaid|draft|uncleared'
  ), TRUE)
-- view: amounts
-- How much revenue each line is of, and whether it is a payment that can be read.
SELECT
  *,
  CASE getvariable('amount')
    WHEN 'net' THEN COALESCE(
      net,
      CAST(moved + TRY_CAST(COALESCE(fee, '0') AS DECIMAL(18,6)) AS VARCHAR),
      fee
    )
    ELSE gross
  END AS written,
  TRY_CAST(written AS DECIMAL(18,6)) AS revenue,
  TRY_CAST(happened_at AS TIMESTAMPTZ) AS happened,
  CASE
    WHEN kind = 'unknown' THEN COALESCE('Type ''' || type || ''' is not known', 'Type is empty')
    WHEN is_completed IS DISTINCT FROM TRUE
      THEN COALESCE('Status ''' || status || ''' is not known', 'Status is empty')
    WHEN utc_offset IS NULL AND upper(trim(zone)) = 'IST'
      THEN 'time zone IST is India''s or Israel''s: say --option ist=india or ist=israel'
    WHEN utc_offset IS NULL
      THEN COALESCE('time zone ' || zone || ' is not known', 'the time zone is empty')
  END AS rejected,
  kind = 'purchase' AND rejected IS NULL AND revenue IS NOT NULL AND happened IS NOT NULL
    AS is_taken
FROM movements
-- table: customers
SELECT
  sender AS customer_id,
  ARG_MIN(happened_at, (happened, _line)) AS registration_date,
  ARG_MIN(country, (happened, _line)) AS country,
  MIN(_line) AS _line
FROM amounts
WHERE is_taken AND sender IS NOT NULL
GROUP BY sender
-- table: transactions
WITH payers AS (
  SELECT transaction_id AS paid_with, MIN(sender) AS payer
  FROM file
  WHERE TRY_CAST(gross AS DECIMAL(18,6)) > 0
  GROUP BY transaction_id
)
SELECT
  transaction_id,
  CASE kind
    WHEN 'refund' THEN COALESCE(payer, receiver)
    WHEN 'reversal_canceled' THEN COALESCE(payer, sender)
    ELSE sender
  END AS customer_id,
  happened_at AS transaction_date,
  COALESCE(
    CAST(CASE
      WHEN kind = 'refund' THEN ABS(revenue)
      -- A fee may be more than what was paid.
      WHEN revenue < 0 THEN 0
      ELSE revenue
    END AS VARCHAR),
    written
  ) AS amount,
  kind = 'refund' AS is_refund,
  CASE WHEN kind IN ('refund', 'reversal_canceled') THEN COALESCE(reference, transaction_id)
    ELSE transaction_id
  END AS order_id,
  kind AS transaction_type,
  'PayPal' AS payment_method,
  currency,
  rejected AS _rejected,
  _line
FROM amounts LEFT JOIN payers ON paid_with = reference
