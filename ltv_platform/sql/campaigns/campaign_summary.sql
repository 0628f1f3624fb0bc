-- Grain: one row per campaign; columns of a horizon cover the mature cohorts with known cost, so that
-- revenue and cost belong to the same cohorts.
-- Answers: which campaigns earn back their spend, how far and how fast?
-- Sums over the cohorts of campaign_roas; a day of spend counts once, however many cohorts cover
-- it.
{% import 'macros/shared.sql' as m with context %}
-- Users without cost do not wait for it: only their LTV is needed.
WITH counting AS (
  SELECT *
  {%- for n in horizons %},
    {{ m.counts(n) }} OR (
      campaign_id IN ('(organic)', '(unknown)')
      AND {{ m.mature('install_date', n) }} AND {{ m.nothing_waits(n) }}
    ) AS counts_d{{ n }}
  {%- endfor %}
  FROM marts.campaign_roas
),
cohorts AS (
  SELECT install_date, campaign_id,
    CAST(SUM(installs) AS BIGINT) AS installs,
    SUM(spend) AS spend,
    SUM(revenue_to_date) AS revenue_to_date,
    MIN(waits_from_age) AS waits_from_age,
    BOOL_OR(cost_waits) AS cost_waits
    {%- for n in horizons %},
    SUM(installs) FILTER (WHERE counts_d{{ n }}) AS installs_d{{ n }},
    SUM(spend) FILTER (WHERE counts_d{{ n }}) AS spend_d{{ n }},
    SUM(revenue_d{{ n }}) FILTER (WHERE counts_d{{ n }}) AS revenue_d{{ n }},
    BOOL_OR(counts_d{{ n }}) AS mature_d{{ n }}
    {%- endfor %}
  FROM counting
  GROUP BY install_date, campaign_id
),
payers AS (
  SELECT campaign_id
  {%- for n in horizons %},
    CAST(SUM(payers_d{{ n }}) FILTER (WHERE counts_d{{ n }}) AS BIGINT) AS payers_d{{ n }}
  {%- endfor %}
  FROM marts.campaign_ltv AS ltv
  JOIN counting USING (install_date, campaign_id, country)
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
    SUM(installs_d{{ n }}) AS installs_d{{ n }},
    SUM(revenue_d{{ n }}) AS total_revenue_d{{ n }},
    SUM(spend_d{{ n }}) AS cohort_cost_d{{ n }},
    BOOL_AND({{ m.cost_complete('install_date + ' ~ (n - 1)) }}) FILTER (WHERE mature_d{{ n }})
      AS covered_days_known_d{{ n }}
    {%- endfor %}
  FROM cohorts
  GROUP BY campaign_id
),
-- Each spent dollar once: a day counts when the first N days of a mature cohort cover it, and
-- then those of the last such cohort up to that day do. A day with spend is a cohort itself.
covered AS (
  SELECT campaign_id
  {%- for n in horizons %},
    SUM(spend) FILTER (WHERE install_date <= last_d{{ n }} + {{ n - 1 }}) AS spend_d{{ n }},
    COALESCE(
      BOOL_OR(cost_waits) FILTER (WHERE install_date <= last_d{{ n }} + {{ n - 1 }}), FALSE
    ) AS waits_d{{ n }}
  {%- endfor %}
  FROM (
    SELECT campaign_id, install_date, spend, cost_waits
    {%- for n in horizons %},
      MAX(CASE WHEN mature_d{{ n }} THEN install_date END) OVER so_far AS last_d{{ n }}
    {%- endfor %}
    FROM cohorts
    WINDOW so_far AS (PARTITION BY campaign_id ORDER BY install_date)
  ) AS days
  GROUP BY campaign_id
),
-- Payback: cohorts mature at an age, their revenue up to it against their spend. A cohort enters at
-- age 0 and leaves, with its spend and all of its revenue, after its last mature age.
ages AS (
  SELECT CAST(age_day AS INTEGER) AS age_day
  FROM UNNEST(GENERATE_SERIES(0, {{ (horizons | max) - 1 }})) AS series(age_day)
),
last_ages AS (
  SELECT install_date, MAX(age_day) AS last_age
  FROM (SELECT DISTINCT install_date FROM cohorts) AS days
  CROSS JOIN ages
  WHERE {{ m.mature('install_date', 'age_day + 1') }} AND {{ m.cost_complete('install_date') }}
  GROUP BY install_date
),
grown AS (
  SELECT curve.campaign_id, curve.age_day, known.last_age,
    COALESCE(curve.spend, 0) AS spend, curve.revenue
  FROM marts.campaign_cohort_curve AS curve
  JOIN (
    SELECT cohorts.install_date, cohorts.campaign_id,
      LEAST(last_age, COALESCE(waits_from_age - 1, last_age)) AS last_age
    FROM cohorts
    JOIN last_ages ON last_ages.install_date = cohorts.install_date
    WHERE NOT cost_waits
  ) AS known
    ON known.install_date = curve.install_date AND known.campaign_id = curve.campaign_id
  WHERE curve.age_day <= known.last_age
),
flows AS (
  SELECT campaign_id, age_day, SUM(spend) AS spend, SUM(revenue) AS revenue
  FROM (
    SELECT campaign_id, age_day, SUM(spend) AS spend, SUM(revenue) AS revenue
    FROM grown
    GROUP BY campaign_id, age_day
    UNION ALL
    SELECT campaign_id, last_age + 1, -SUM(spend), -SUM(revenue)
    FROM grown
    GROUP BY campaign_id, last_age
    UNION ALL
    SELECT campaign_id, age_day, 0, 0 FROM totals CROSS JOIN ages
  ) AS in_and_out
  GROUP BY campaign_id, age_day
),
paid_back AS (
  SELECT so_far.campaign_id, so_far.age_day + 1 AS payback_day,
    {{ m.ratio('so_far.spend', 'totals.cohort_cost') }} AS payback_spend_share
  FROM (
    SELECT campaign_id, age_day, SUM(spend) OVER by_age AS spend, SUM(revenue) OVER by_age AS revenue
    FROM flows
    WINDOW by_age AS (PARTITION BY campaign_id ORDER BY age_day)
  ) AS so_far
  JOIN totals ON totals.campaign_id = so_far.campaign_id
  WHERE so_far.spend > 0
    AND so_far.revenue >= so_far.spend
    AND so_far.spend >= 0.8 * totals.cohort_cost
  QUALIFY ROW_NUMBER() OVER (PARTITION BY so_far.campaign_id ORDER BY so_far.age_day) = 1
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
  {{ m.total('cohort_cost') }} AS cohort_cost,
  {{ m.ratio('cohort_cost', 'installs') }} AS cpi,
  {{ m.total('revenue_to_date') }} AS revenue_to_date,
  {{ m.ratio('revenue_to_date', 'cohort_cost') }} AS roas_to_date
  {%- for n in horizons %},
  CAST(installs_d{{ n }} AS BIGINT) AS installs_d{{ n }},
  CASE
    WHEN total_revenue_d{{ n }} IS NOT NULL THEN COALESCE(payers_d{{ n }}, 0)
  END AS payers_d{{ n }},
  {{ m.total('total_revenue_d' ~ n) }} AS total_revenue_d{{ n }},
  {{ m.ratio('total_revenue_d' ~ n, 'installs_d' ~ n) }} AS ltv_d{{ n }}_per_user,
  {%- set is_known = 'covered_days_known_d%d AND NOT waits_d%d' % (n, n) %}
  {%- set total_cost = 'CASE WHEN %s THEN covered.spend_d%d END' % (is_known, n) %}
  {{ m.total(total_cost) }} AS total_cost_d{{ n }},
  {{ m.ratio('total_revenue_d' ~ n, total_cost) }} AS roas_d{{ n }},
  {{ m.total('cohort_cost_d' ~ n) }} AS cohort_cost_d{{ n }},
  {{ m.ratio('total_revenue_d' ~ n, 'cohort_cost_d' ~ n) }} AS cohort_roas_d{{ n }}
  {%- endfor %},
  CAST(payback_day AS INTEGER) AS payback_day,
  payback_spend_share
FROM totals
LEFT JOIN payers ON payers.campaign_id = totals.campaign_id
LEFT JOIN covered ON covered.campaign_id = totals.campaign_id
LEFT JOIN paid_back ON paid_back.campaign_id = totals.campaign_id
LEFT JOIN names ON names.campaign_id = totals.campaign_id
