-- Grain: one row per campaign; columns of a horizon are over the cohorts mature at it whose cost
-- is known, so that revenue and cost are of the same cohorts.
-- Answers: which campaigns earn their money back, how far and how fast?
{% import 'macros.sql' as m with context %}
WITH cohorts AS (
  SELECT install_date, campaign_id,
    CAST(SUM(installs) AS BIGINT) AS installs,
    SUM(spend) AS spend,
    SUM(revenue_to_date) AS revenue_to_date
    {%- for n in horizons %},
    SUM(revenue_d{{ n }}) AS revenue_d{{ n }},
    {{ m.counts(n) }} AS mature_d{{ n }}
    {%- endfor %}
  FROM marts.campaign_roas
  GROUP BY install_date, campaign_id
),
payers AS (
  SELECT campaign_id
  {%- for n in horizons %},
    CAST(SUM(payers_d{{ n }}) FILTER (WHERE {{ m.counts(n) }}) AS BIGINT) AS payers_d{{ n }}
  {%- endfor %}
  FROM marts.campaign_ltv
  GROUP BY campaign_id
),
totals AS (
  SELECT campaign_id,
    MIN(install_date) AS first_install_date,
    MAX(install_date) AS last_install_date,
    SUM(installs) AS installs,
    SUM(spend) AS cohort_cost,
    SUM(revenue_to_date) AS revenue_to_date
    {%- for n in horizons %},
    SUM(installs) FILTER (WHERE mature_d{{ n }}) AS installs_d{{ n }},
    SUM(revenue_d{{ n }}) FILTER (WHERE mature_d{{ n }}) AS total_revenue_d{{ n }},
    SUM(spend) FILTER (WHERE mature_d{{ n }}) AS cohort_cost_d{{ n }},
    BOOL_AND({{ m.cost_complete('install_date + ' ~ (n - 1)) }}) FILTER (WHERE mature_d{{ n }})
      AS covered_days_known_d{{ n }}
    {%- endfor %}
  FROM cohorts
  GROUP BY campaign_id
),
daily_spend AS (
  SELECT campaign_id, date, SUM(spend) AS spend
  FROM core.campaign_spend
  GROUP BY campaign_id, date
),
{%- for n in horizons %}
-- Each spent dollar once: a day counts when any mature cohort's first {{ n }} days cover it.
covered_d{{ n }} AS (
  SELECT campaign_id, SUM(spend) AS spend
  FROM daily_spend
  WHERE EXISTS (
    SELECT 1
    FROM cohorts
    WHERE cohorts.campaign_id = daily_spend.campaign_id
      AND cohorts.mature_d{{ n }}
      AND daily_spend.date >= cohorts.install_date
      AND daily_spend.date <= cohorts.install_date + {{ n - 1 }}
  )
  GROUP BY campaign_id
),
{%- endfor %}
-- Payback: cohorts mature at an age, their revenue up to it against their spend.
ages AS (
  SELECT CAST(age_day AS INTEGER) AS age_day
  FROM UNNEST(GENERATE_SERIES(0, {{ (horizons | max) - 1 }})) AS series(age_day)
),
grown AS (
  SELECT grid.campaign_id, grid.age_day, grid.spend,
    SUM(COALESCE(curve.revenue, 0)) OVER (
      PARTITION BY grid.campaign_id, grid.install_date ORDER BY grid.age_day
    ) AS revenue
  FROM (
    SELECT install_date, campaign_id, ages.age_day, spend
    FROM marts.campaign_cohort_curve AS cohort
    CROSS JOIN ages
    WHERE cohort.age_day = 0 AND {{ m.mature('install_date', 'ages.age_day + 1') }}
      AND {{ m.cost_complete('install_date') }}
  ) AS grid
  LEFT JOIN marts.campaign_cohort_curve AS curve
    ON curve.install_date = grid.install_date AND curve.campaign_id = grid.campaign_id
    AND curve.age_day = grid.age_day
),
paid_back AS (
  SELECT grown.campaign_id, grown.age_day + 1 AS payback_day,
    {{ m.ratio('SUM(grown.spend)', 'MAX(totals.cohort_cost)') }} AS payback_spend_share
  FROM grown
  JOIN totals ON totals.campaign_id = grown.campaign_id
  GROUP BY grown.campaign_id, grown.age_day
  HAVING SUM(grown.spend) > 0
    AND SUM(grown.revenue) >= SUM(grown.spend)
    AND SUM(grown.spend) >= 0.8 * MAX(totals.cohort_cost)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY grown.campaign_id ORDER BY grown.age_day) = 1
),
names AS (
  SELECT *
  FROM raw.campaigns
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY campaign_id ORDER BY load_sequence DESC, line DESC
  ) = 1
)
SELECT
  totals.campaign_id,
  names.campaign_name,
  names.media_source,
  names.platform,
  names.objective,
  first_install_date,
  last_install_date,
  CAST(installs AS BIGINT) AS installs,
  {{ m.money('cohort_cost') }} AS cohort_cost,
  {{ m.ratio('cohort_cost', 'installs') }} AS cpi,
  {{ m.money('revenue_to_date') }} AS revenue_to_date,
  {{ m.ratio('revenue_to_date', 'cohort_cost') }} AS roas_to_date
  {%- for n in horizons %},
  CAST(installs_d{{ n }} AS BIGINT) AS installs_d{{ n }},
  CASE
    WHEN total_revenue_d{{ n }} IS NOT NULL THEN COALESCE(payers_d{{ n }}, 0)
  END AS payers_d{{ n }},
  {{ m.money('total_revenue_d' ~ n) }} AS total_revenue_d{{ n }},
  {{ m.ratio('total_revenue_d' ~ n, 'installs_d' ~ n) }} AS ltv_d{{ n }}_per_user,
  {%- set total_cost = 'CASE WHEN covered_days_known_d%d THEN covered_d%d.spend END' % (n, n) %}
  {{ m.money(total_cost) }} AS total_cost_d{{ n }},
  {{ m.ratio('total_revenue_d' ~ n, total_cost) }} AS roas_d{{ n }},
  {{ m.money('cohort_cost_d' ~ n) }} AS cohort_cost_d{{ n }},
  {{ m.ratio('total_revenue_d' ~ n, 'cohort_cost_d' ~ n) }} AS cohort_roas_d{{ n }}
  {%- endfor %},
  CAST(payback_day AS INTEGER) AS payback_day,
  payback_spend_share
FROM totals
LEFT JOIN payers ON payers.campaign_id = totals.campaign_id
{%- for n in horizons %}
LEFT JOIN covered_d{{ n }} ON covered_d{{ n }}.campaign_id = totals.campaign_id
{%- endfor %}
LEFT JOIN paid_back ON paid_back.campaign_id = totals.campaign_id
LEFT JOIN names ON names.campaign_id = totals.campaign_id
