-- Published: immature windows are NULL; ratios next to their sums.
{% import 'macros/shared.sql' as m with context %}
SELECT
  install_date,
  campaign_id,
  country,
  installs,
  spend,
  {{ m.ratio('spend', 'installs') }} AS cpi,
  {{ m.cost_complete('install_date') }} AND NOT cost_waits AS cost_complete
  {%- for n in horizons %},
  CASE
    WHEN {{ m.mature('install_date', n) }} AND {{ m.nothing_waits(n) }} THEN revenue_d{{ n }}
  END AS revenue_d{{ n }},
  CASE
    WHEN {{ m.counts(n) }}
    THEN {{ m.ratio('revenue_d' ~ n, 'spend') }}
  END AS roas_d{{ n }}
  {%- endfor %},
  revenue_to_date,
  {{ m.ratio('revenue_to_date', 'spend') }} AS roas_to_date,
  {{ m.age_so_far('install_date') }} AS age_days
FROM marts.campaign_roas
