-- PayPal activity, English: one line per movement of the balance.
-- Taken: payments received as purchases, refunds, reversals and chargebacks as rows of their own;
-- customers with the first payment received. Left out: payments sent, fees, holds, conversions of
-- currencies, withdrawals, transfers, lines without effect on the balance, what is not completed.
-- format: an activity download of PayPal
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
-- table: customers
WITH payments AS (
  SELECT
    *,
    CASE
      WHEN regexp_full_match(date, '[0-9]{4}-[0-9]{2}-[0-9]{2}( 00:00(:00)?)?')
        THEN left(date, 10) || ' ' || CASE
          WHEN regexp_full_match(time, '[0-9]{1,2}:[0-9]{2}(:[0-9]{2})? ?[AaPp]\.?[Mm]\.?')
            THEN lpad(CAST(
              CAST(split_part(time, ':', 1) AS INTEGER) % 12
                + CASE WHEN regexp_matches(time, '[Pp]') THEN 12 ELSE 0 END AS VARCHAR
            ), 2, '0') || regexp_extract(time, ':[0-9:]+')
          ELSE COALESCE(regexp_replace(time, '^([0-9]):', '0\1:'), '(no time)')
        END || COALESCE(
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
            'NZDT': '+13:00'
          }[upper(trim(zone))],
          -- Several zones have this name.
          CASE WHEN upper(trim(zone)) = 'IST'
            THEN MAP {'india': '+05:30', 'israel': '+02:00'}[getvariable('ist')]
          END,
          NULLIF(regexp_extract(trim(zone), '^(GMT|UTC)?([+-][0-9]{2}:?[0-9]{2})$', 2), ''),
          ' ' || zone,
          ' (no time zone)'
        )
      ELSE date || ' ' || COALESCE(time, '')
    END AS happened_at
  FROM file
  WHERE regexp_matches(
      lower(type),
      'payment|checkout|donation|received|sale|subscription|virtual terminal|point of sale'
    )
    AND NOT regexp_matches(lower(type), 'refund|revers|chargeback')
    AND NOT regexp_matches(
      lower(type),
      '\b(fees?|tax|holds?|release|conversion|withdrawal|bank|deposit|transfer|memo|item)\b'
      || '|\b(authorization|request|invoice (sent|received)|update to|void|correction|adjustment)\b'
      || '|\b(buyer credit|bml credit|credit card deposit|reimbursement|funding|funds|bonus)\b'
      || '|^(paypal )?order$|\b(loan|repayment|interest|cashback|rewards?|payouts?)\b'
    )
    AND lower(trim(status)) IN (
      'completed', 'cleared', 'refunded', 'partially refunded', 'reversed', 'partially reversed'
    )
    AND COALESCE(lower(trim(impact)) <> 'memo', TRUE)
    AND TRY_CAST(gross AS DECIMAL(18,6)) > 0
)
SELECT
  sender AS customer_id,
  COALESCE(ARG_MIN(happened_at, TRY_CAST(happened_at AS TIMESTAMPTZ)), MIN(happened_at))
    AS registration_date,
  ARG_MIN(country, TRY_CAST(happened_at AS TIMESTAMPTZ)) AS country,
  MIN(_line) AS _line
FROM payments
WHERE sender IS NOT NULL
GROUP BY sender
-- table: transactions
WITH movements AS (
  SELECT
    *,
    lower(trim(status)) AS state,
    TRY_CAST(gross AS DECIMAL(18,6)) AS moved,
    CASE getvariable('amount')
      WHEN 'net' THEN COALESCE(
        net,
        CAST(TRY_CAST(gross AS DECIMAL(18,6))
          + TRY_CAST(COALESCE(fee, '0') AS DECIMAL(18,6)) AS VARCHAR),
        fee
      )
      ELSE gross
    END AS written,
    CASE
      WHEN regexp_matches(
        lower(type),
        '\b(fees?|tax|holds?|release|conversion|withdrawal|bank|deposit|transfer|memo|item)\b'
      || '|\b(authorization|request|invoice (sent|received)|update to|void|correction|adjustment)\b'
      || '|\b(buyer credit|bml credit|credit card deposit|reimbursement|funding|funds|bonus)\b'
      || '|^(paypal )?order$|\b(loan|repayment|interest|cashback|rewards?|payouts?)\b'
      ) THEN 'other'
      -- Money that a buyer had taken back comes again.
      WHEN regexp_matches(lower(type), 'chargeback revers|cancel.*revers|revers.*cancel')
        THEN 'reversal_canceled'
      WHEN regexp_matches(lower(type), 'refund|revers|chargeback') THEN 'refund'
      WHEN regexp_matches(
        lower(type),
        'payment|checkout|donation|received|sale|subscription|virtual terminal|point of sale'
      ) THEN 'purchase'
      ELSE 'unknown'
    END AS kind,
    CASE
      WHEN regexp_full_match(date, '[0-9]{4}-[0-9]{2}-[0-9]{2}( 00:00(:00)?)?')
        THEN left(date, 10) || ' ' || CASE
          WHEN regexp_full_match(time, '[0-9]{1,2}:[0-9]{2}(:[0-9]{2})? ?[AaPp]\.?[Mm]\.?')
            THEN lpad(CAST(
              CAST(split_part(time, ':', 1) AS INTEGER) % 12
                + CASE WHEN regexp_matches(time, '[Pp]') THEN 12 ELSE 0 END AS VARCHAR
            ), 2, '0') || regexp_extract(time, ':[0-9:]+')
          ELSE COALESCE(regexp_replace(time, '^([0-9]):', '0\1:'), '(no time)')
        END || COALESCE(
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
            'NZDT': '+13:00'
          }[upper(trim(zone))],
          -- Several zones have this name.
          CASE WHEN upper(trim(zone)) = 'IST'
            THEN MAP {'india': '+05:30', 'israel': '+02:00'}[getvariable('ist')]
          END,
          NULLIF(regexp_extract(trim(zone), '^(GMT|UTC)?([+-][0-9]{2}:?[0-9]{2})$', 2), ''),
          ' ' || zone,
          ' (no time zone)'
        )
      ELSE date || ' ' || COALESCE(time, '')
    END AS happened_at
  FROM file
  WHERE COALESCE(lower(trim(impact)) <> 'memo', TRUE)
),
payers AS (
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
  CASE
    WHEN kind = 'unknown' THEN 'Type ' || COALESCE(type, '(empty)')
    WHEN state IN (
      'completed', 'cleared', 'refunded', 'partially refunded', 'reversed', 'partially reversed'
    ) THEN COALESCE(
      CAST(CASE
        WHEN kind = 'refund' THEN ABS(TRY_CAST(written AS DECIMAL(18,6)))
        -- A fee may be more than what was paid.
        WHEN TRY_CAST(written AS DECIMAL(18,6)) < 0 THEN 0
        ELSE TRY_CAST(written AS DECIMAL(18,6))
      END AS VARCHAR),
      written
    )
    ELSE 'Status ' || COALESCE(status, '(empty)')
  END AS amount,
  kind = 'refund' AS is_refund,
  CASE WHEN kind IN ('refund', 'reversal_canceled') THEN COALESCE(reference, transaction_id)
    ELSE transaction_id
  END AS order_id,
  kind AS transaction_type,
  'PayPal' AS payment_method,
  currency,
  _line
FROM movements LEFT JOIN payers ON paid_with = reference AND kind <> 'purchase'
WHERE kind <> 'other'
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
