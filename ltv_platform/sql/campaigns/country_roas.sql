-- Grain: one row per country, on a cohort basis: all columns of a horizon cover the same cohorts, the
-- mature ones with known cost, including users without cost.
-- Answers: where does ad spend pay back?
-- Sums over the cohorts of campaign_roas, ranked by paid ROAS after {{ summary_horizon }} days.
{% import 'macros/shared.sql' as m with context %}
WITH cohorts AS (
  SELECT *
  {%- for n in horizons %},
    {{ m.counts(n) }} AS counts_d{{ n }}
  {%- endfor %}
  FROM marts.campaign_roas
),
-- A campaign counts as paid in a country if money was spent there on the cohorts that count.
campaigns AS (
  SELECT campaign_id, country,
    SUM(installs) AS installs
    {%- for n in horizons %},
    SUM(installs) FILTER (WHERE counts_d{{ n }}) AS installs_d{{ n }},
    SUM(spend) FILTER (WHERE counts_d{{ n }}) AS spend_d{{ n }},
    SUM(revenue_d{{ n }}) FILTER (WHERE counts_d{{ n }}) AS revenue_d{{ n }}
    {%- endfor %}
  FROM cohorts
  GROUP BY campaign_id, country
),
countries AS (
  SELECT country,
    CAST(SUM(installs) AS BIGINT) AS installs
    {%- for n in horizons %},
    CAST(SUM(installs_d{{ n }}) AS BIGINT) AS installs_d{{ n }},
    CAST(SUM(installs_d{{ n }}) FILTER (WHERE spend_d{{ n }} <> 0) AS BIGINT)
      AS paid_installs_d{{ n }},
    {{ m.total('SUM(spend_d' ~ n ~ ')') }} AS spend_d{{ n }},
    {{ m.total('SUM(revenue_d' ~ n ~ ') FILTER (WHERE spend_d' ~ n ~ ' <> 0)') }}
      AS revenue_d{{ n }},
    {{ m.total('SUM(revenue_d' ~ n ~ ')') }} AS blended_revenue_d{{ n }}
    {%- endfor %}
  FROM campaigns
  GROUP BY country
),
readings AS (
  SELECT *
  {%- for n in horizons %},
    {{ m.ratio('revenue_d' ~ n, 'spend_d' ~ n) }} AS roas_d{{ n }},
    {{ m.ratio('blended_revenue_d' ~ n, 'spend_d' ~ n) }} AS blended_roas_d{{ n }}
  {%- endfor %}
  FROM countries
)
SELECT
  country,
  CAST(ROW_NUMBER() OVER (
    ORDER BY roas_d{{ summary_horizon }} DESC NULLS LAST,
      revenue_d{{ summary_horizon }} DESC NULLS LAST, country
  ) AS INTEGER) AS rank,
  installs,
  COALESCE(paid_installs_d{{ summary_horizon }}, 0) < 30 AS small_base
  {%- for n in horizons %},
  installs_d{{ n }},
  paid_installs_d{{ n }},
  spend_d{{ n }},
  revenue_d{{ n }},
  roas_d{{ n }},
  blended_revenue_d{{ n }},
  blended_roas_d{{ n }}
  {%- endfor %}
FROM readings
