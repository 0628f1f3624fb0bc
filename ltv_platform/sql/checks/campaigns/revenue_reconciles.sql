-- Grain: one row.
-- Answers: what do transactions and all buckets of the days add up to, and what do the buckets of
-- campaigns and the tables made of them? Within each of the two, other sums are a violation.
{% import 'macros/shared.sql' as m with context %}
SELECT
  (
    SELECT {{ m.net_revenue() }}
    FROM core.transactions
    WHERE event_date BETWEEN $first AND $last
  ) AS transactions,
  (
    SELECT SUM(net_revenue)
    FROM (
      SELECT event_date, net_revenue FROM marts.revenue_reconciliation
      UNION ALL
      SELECT event_date, COALESCE(gross_amount, 0) - COALESCE(refund_amount, 0)
      FROM core.waiting_for_customer
      WHERE table_name = 'transactions'
    ) AS buckets
    WHERE event_date BETWEEN $first AND $last
  ) AS all_buckets,
  (
    SELECT SUM(net_revenue)
    FROM marts.revenue_reconciliation
    WHERE bucket IN ('campaigns', '(organic)', '(unknown) campaign')
  ) AS campaign_buckets,
  (SELECT SUM(revenue) FROM marts.campaign_cohort_curve) AS curves,
  (SELECT SUM(revenue_to_date) FROM marts.campaign_ltv) AS cohorts
