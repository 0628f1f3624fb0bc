-- Published: immature windows are NULL; per-user ratios next to their sums.
{% import 'macros/shared.sql' as m with context %}
SELECT
  install_date,
  campaign_id,
  country,
  installs
  {%- for n in horizons %},
  CASE WHEN mature_d{{ n }} THEN payers_d{{ n }} END AS payers_d{{ n }},
  CASE WHEN mature_d{{ n }} THEN revenue_d{{ n }} END AS revenue_d{{ n }},
  CASE WHEN mature_d{{ n }} THEN refunds_d{{ n }} END AS refunds_d{{ n }},
  -- Day N after install ends a day later than the window of the first N days.
  CASE
    WHEN {{ m.mature('install_date', n + 1) }} AND {{ m.nothing_waits(n + 1) }}
    THEN retained_d{{ n }}
  END AS retained_d{{ n }},
  CASE WHEN mature_d{{ n }} THEN {{ m.ratio('revenue_d' ~ n, 'installs') }} END
    AS ltv_d{{ n }}_per_user,
  CASE WHEN mature_d{{ n }} THEN {{ m.ratio('revenue_d' ~ n, 'payers_d' ~ n) }} END
    AS arppu_d{{ n }},
  CASE
    WHEN {{ m.mature('install_date', n + 1) }} AND {{ m.nothing_waits(n + 1) }}
    THEN {{ m.ratio('retained_d' ~ n, 'installs') }}
  END AS retention_d{{ n }}
  {%- endfor %},
  revenue_to_date,
  {{ m.age_so_far('install_date') }} AS age_days
FROM (
  SELECT *
  {%- for n in horizons %},
    {{ m.mature('install_date', n) }} AND {{ m.nothing_waits(n) }} AS mature_d{{ n }}
  {%- endfor %}
  FROM marts.campaign_ltv
) AS cohorts
