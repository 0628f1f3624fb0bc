-- Grain: one row.
-- Answers: how many campaigns have figures at the horizon that are not over the cohorts that count,
-- and which is the first? Each of them is a violation.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/counting_cohorts.sql' as counting with context %}
WITH cohorts AS (
  {{ counting.cohorts(days) | indent(2) }}
),
-- Customers without cost do not wait for it, and have no spend.
counted AS (
  SELECT
    campaign_id,
    CASE WHEN costs_nothing THEN all_installs ELSE installs END AS installs,
    CASE WHEN costs_nothing THEN all_revenue ELSE revenue END AS revenue,
    spend
  FROM (
    SELECT *, campaign_id IN ('(organic)', '(unknown)') AS costs_nothing FROM cohorts
  ) AS named
),
expected AS (
  SELECT
    campaign_id,
    SUM(installs) AS installs_d{{ days }},
    SUM(revenue) AS total_revenue_d{{ days }},
    SUM(spend) AS cohort_cost_d{{ days }},
    {{ m.ratio('SUM(revenue)', 'SUM(installs)') }} AS ltv_d{{ days }}_per_user,
    {{ m.ratio('SUM(revenue)', 'SUM(spend)') }} AS cohort_roas_d{{ days }}
  FROM counted
  GROUP BY campaign_id
)
{{ counting.differing('marts.campaign_summary', 'campaign_id', [
  'installs_d%d' % days,
  'total_revenue_d%d' % days,
  'cohort_cost_d%d' % days,
  'ltv_d%d_per_user' % days,
  'cohort_roas_d%d' % days,
]) }}
