-- Grain: one row.
-- Answers: how many countries have figures at the horizon that are not over the cohorts that count,
-- and which is the first? Each of them is a violation.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/counting_cohorts.sql' as counting with context %}
{% set paid = 'FILTER (spend <> 0)' %}
WITH cohorts AS (
  {{ counting.cohorts(days) | indent(2) }}
),
expected AS (
  SELECT
    country,
    SUM(installs) AS installs_d{{ days }},
    SUM(installs) {{ paid }} AS paid_installs_d{{ days }},
    SUM(spend) AS spend_d{{ days }},
    SUM(revenue) {{ paid }} AS revenue_d{{ days }},
    SUM(revenue) AS blended_revenue_d{{ days }},
    {{ m.ratio('SUM(revenue) ' ~ paid, 'SUM(spend)') }} AS roas_d{{ days }},
    {{ m.ratio('SUM(revenue)', 'SUM(spend)') }} AS blended_roas_d{{ days }}
  FROM cohorts
  GROUP BY country
)
{{ counting.differing('marts.country_roas', 'country', [
  'installs_d%d' % days,
  'paid_installs_d%d' % days,
  'spend_d%d' % days,
  'revenue_d%d' % days,
  'blended_revenue_d%d' % days,
  'roas_d%d' % days,
  'blended_roas_d%d' % days,
]) }}
