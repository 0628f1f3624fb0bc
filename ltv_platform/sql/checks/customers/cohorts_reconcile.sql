-- Grain: one row.
-- Answers: what did customers buy since they registered, and what do the curves say?
-- Events before the registration belong to a customer, but have no age. Other sums are a violation.
SELECT
  (
    SELECT SUM(net_revenue)
    FROM marts.revenue_reconciliation
    WHERE bucket NOT IN ('(before install)', '(guest)')
  ) AS since_registration,
  (SELECT SUM(revenue) FROM marts.customer_cohort_curve) AS of_curves
