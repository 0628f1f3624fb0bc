-- Published: one row per age that the cohort has reached, including days without sales.
{% import 'macros/shared.sql' as m with context %}
WITH ages AS (
  SELECT CAST(age_day AS INTEGER) AS age_day
  FROM UNNEST(GENERATE_SERIES(0, {{ (horizons | max) - 1 }})) AS series(age_day)
),
grid AS (
  SELECT install_date, campaign_id, ages.age_day, installs, spend, cost_waits
  FROM marts.campaign_cohort_curve AS cohorts
  CROSS JOIN ages
  WHERE cohorts.age_day = 0
    AND {{ m.age_date('install_date', 'ages.age_day') }} >= $first
    AND {{ m.age_date('install_date', 'ages.age_day') }} <= $last
    AND {{ m.has_begun('install_date', 'ages.age_day') }}
),
before AS (
  SELECT install_date, campaign_id, SUM(revenue) AS revenue, SUM(waiting_rows) AS waiting_rows
  FROM marts.campaign_cohort_curve
  WHERE age_date < $first
  GROUP BY install_date, campaign_id
),
grown AS (
  SELECT
    install_date,
    campaign_id,
    age_day,
    grid.installs,
    grid.spend,
    {{ m.total('COALESCE(curve.revenue, 0)') }} AS revenue,
    {{ m.total('COALESCE(curve.refunds, 0)') }} AS refunds,
    COALESCE(curve.transactions, 0) AS transactions,
    COALESCE(curve.payers, 0) AS payers,
    {{ m.total('COALESCE(before.revenue, 0) + SUM(COALESCE(curve.revenue, 0)) OVER so_far') }}
      AS cumulative_revenue,
    grid.cost_waits,
    {{ m.mature('install_date', 'age_day + 1') }}
      AND COALESCE(before.waiting_rows, 0) + SUM(COALESCE(curve.waiting_rows, 0)) OVER so_far = 0
      AS mature
  FROM grid
  LEFT JOIN marts.campaign_cohort_curve AS curve USING (install_date, campaign_id, age_day)
  LEFT JOIN before USING (install_date, campaign_id)
  WINDOW so_far AS (PARTITION BY install_date, campaign_id ORDER BY age_day)
)
SELECT
  install_date,
  campaign_id,
  age_day,
  installs,
  spend,
  revenue,
  refunds,
  transactions,
  payers,
  cumulative_revenue,
  CASE
    WHEN mature AND {{ m.cost_complete('install_date') }} AND NOT cost_waits
    THEN {{ m.ratio('cumulative_revenue', 'spend') }}
  END AS cumulative_roas,
  mature
FROM grown
