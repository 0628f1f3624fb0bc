-- Grain: one row per month of registration.
-- Answers: are the customers of a month worth more than those of another, at the same age?
-- Sums customer_ltv by month of registration, and adds the curve of these customers at mature ages.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/months.sql' as months with context %}
-- The customers that count: filters apply here, before anything is added up, and to the curve too.
WITH chosen AS (
  SELECT customer_id, registration_date, total_transactions, ltv FROM marts.customer_ltv
),
curve AS (
  SELECT cohort_month, age_month, cumulative_revenue, mature FROM marts.customer_cohort_curve
),
totals AS (
  SELECT
    {{ months.month_of(m.day('registration_date')) }} AS cohort_month,
    COUNT(*) AS customers,
    COUNT(CASE WHEN total_transactions > 0 THEN 1 END) AS purchasing_customers,
    SUM(ltv) AS total_ltv,
    MEDIAN(CAST(ltv AS DOUBLE)) AS median_ltv,
    CAST(SUM(total_transactions) AS BIGINT) AS total_transactions
  FROM chosen
  GROUP BY {{ months.month_of(m.day('registration_date')) }}
),
grown AS (
  SELECT cohort_month
  {%- for n in cohort_months %},
    MAX(cumulative_revenue) FILTER (WHERE mature AND age_month = {{ n - 1 }}) AS total_ltv_m{{ n }}
  {%- endfor %}
  FROM curve
  GROUP BY cohort_month
)
SELECT
  totals.cohort_month,
  customers,
  purchasing_customers,
  {{ m.total('total_ltv') }} AS total_ltv,
  {{ m.ratio(m.total('total_ltv'), 'customers') }} AS avg_ltv,
  median_ltv,
  total_transactions,
  {{ m.ratio('total_transactions', 'customers') }} AS avg_transactions
  {%- for n in cohort_months %},
  total_ltv_m{{ n }},
  {{ m.ratio('total_ltv_m%d' % n, 'customers') }} AS avg_ltv_m{{ n }}
  {%- endfor %}
FROM totals
LEFT JOIN grown ON grown.cohort_month = totals.cohort_month
