-- Grain: one row.
-- Answers: what did customers buy since they registered, and what do the curves say of it?
-- What came before the registration is a customer's, but of no age. Other sums are a violation.
SELECT
  (
    SELECT SUM(net_revenue)
    FROM marts.revenue_reconciliation
    WHERE bucket NOT IN ('(before install)', '(guest)')
  ) AS since_registration,
  (SELECT SUM(revenue) FROM marts.customer_cohort_curve) AS of_curves
