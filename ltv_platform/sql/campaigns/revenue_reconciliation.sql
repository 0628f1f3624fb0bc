-- Grain: one row per event day and bucket; events waiting for their customer are added on publishing.
-- Answers: where did every purchase and refund end up?
-- Every transaction is in one bucket, by its age since install and the customer's campaign; guests have
-- their own bucket.
{% import 'macros/shared.sql' as m with context %}
WITH placed AS (
  SELECT t.event_date, t.amount, t.is_refund,
    CASE
      WHEN NOT {{ m.after_install('t', 'c') }} THEN '(before install)'
      WHEN {{ m.age_day('t', 'c') }} >= {{ horizons | max }} THEN '(beyond horizon)'
      WHEN c.campaign_id = '(organic)' THEN '(organic)'
      WHEN c.campaign_id = '(unknown)' THEN '(unknown) campaign'
      ELSE 'campaigns'
    END AS bucket
  FROM core.transactions AS t
  JOIN core.customers AS c ON c.customer_id = t.customer_id AND c.install_date <= t.event_date
  UNION ALL
  SELECT event_date, amount, is_refund, {{ m.guest }} FROM core.transactions
  WHERE customer_id = {{ m.guest }}
)
SELECT
  event_date,
  bucket,
  COUNT(*) AS transactions,
  {{ m.total('COALESCE(SUM(amount) FILTER (WHERE NOT is_refund), 0)') }} AS gross_revenue,
  {{ m.total('COALESCE(SUM(amount) FILTER (WHERE is_refund), 0)') }} AS refund_amount,
  {{ m.total(m.net_revenue()) }} AS net_revenue
FROM placed
GROUP BY event_date, bucket
UNION ALL
SELECT
  event_date,
  '(waiting for rate)',
  CAST(SUM(waiting_rows) AS BIGINT),
  NULL,
  NULL,
  NULL
FROM core.waiting_for_rate
WHERE table_name = 'transactions'
GROUP BY event_date
