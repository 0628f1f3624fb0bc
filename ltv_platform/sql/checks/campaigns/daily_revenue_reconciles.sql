-- Grain: one row.
-- Answers: on how many of the days do the rows of daily_revenue not add up to the buckets of
-- revenue_reconciliation and to what is new, returning or from guests? Each of them is a violation.
WITH buckets AS (
  SELECT
    event_date,
    SUM(gross_revenue) AS gross_revenue,
    SUM(refund_amount) AS refund_amount,
    SUM(net_revenue) AS net_revenue
  FROM (
    SELECT event_date, gross_revenue, refund_amount, net_revenue
    FROM marts.revenue_reconciliation
    WHERE bucket <> '(waiting for rate)'
    UNION ALL
    SELECT
      event_date,
      COALESCE(gross_amount, 0),
      COALESCE(refund_amount, 0),
      COALESCE(gross_amount, 0) - COALESCE(refund_amount, 0)
    FROM core.waiting_for_customer
    WHERE table_name = 'transactions'
  ) AS placed
  GROUP BY event_date
),
days AS (
  SELECT
    event_date,
    SUM(gross_revenue) AS gross_revenue,
    SUM(refund_amount) AS refund_amount,
    SUM(net_revenue) AS net_revenue,
    SUM(new_revenue) + SUM(returning_revenue)
      + COALESCE(SUM(gross_revenue) FILTER (WHERE campaign_id = '(guest)'), 0) AS split_revenue
  FROM marts.daily_revenue
  GROUP BY event_date
)
SELECT
  COUNT(*) AS days,
  COUNT(*) FILTER (
    WHERE COALESCE(days.gross_revenue, 0) <> COALESCE(buckets.gross_revenue, 0)
      OR COALESCE(days.refund_amount, 0) <> COALESCE(buckets.refund_amount, 0)
      OR COALESCE(days.net_revenue, 0) <> COALESCE(buckets.net_revenue, 0)
      OR COALESCE(days.split_revenue, 0) <> COALESCE(days.gross_revenue, 0)
  ) AS wrong
FROM days
FULL OUTER JOIN buckets ON buckets.event_date = days.event_date
WHERE COALESCE(days.event_date, buckets.event_date) BETWEEN $first AND $last
