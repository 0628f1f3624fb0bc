{#- Shared by several queries of the campaign report. -#}
{% import 'macros/shared.sql' as m with context %}

{#- The order of campaigns; reads the view campaign. -#}
{% macro best_first() -%}
is_campaign DESC, cohort_roas_d{{ summary_horizon }} DESC NULLS LAST, name, campaign_id
{%- endmacro %}

{#- The cohorts of the filters of a page. -#}
{% macro in_scope() -%}
(CAST($start AS DATE) IS NULL OR install_date >= $start)
    AND (CAST($end AS DATE) IS NULL OR install_date <= $end)
    AND (CAST($country AS VARCHAR) IS NULL OR country = $country)
    AND (CAST($campaign AS VARCHAR) IS NULL OR campaign_id = $campaign)
{%- endmacro %}

{#- One row per period and campaign; campaign_id '' means all paid ones together, those with
    spend in the period. A horizon is NULL until every install day of the period is mature at it,
    so a ratio is over the installs and spend next to it; `so_far_d` still grows until then. -#}
{% macro cohorts(unit, horizons) -%}
SELECT
  *,
  {{ m.quotient('spend', 'installs') }} AS cpi,
  {{ m.quotient('revenue_to_date', 'installs') }} AS ltv_to_date,
  {{ m.quotient('revenue_to_date', 'spend') }} AS roas_to_date
  {%- for n in horizons %},
  {{ m.quotient('revenue_d%d' % n, 'installs') }} AS ltv_d{{ n }},
  CASE WHEN cost_complete THEN {{ m.quotient('revenue_d%d' % n, 'spend') }} END AS roas_d{{ n }}
  {%- endfor %}
FROM (
  SELECT
    CAST(DATE_TRUNC('{{ unit }}', install_date) AS DATE) AS period,
    campaign_id,
    CAST(SUM(installs) AS BIGINT) AS installs,
    SUM(spend) AS spend,
    BOOL_AND(cost_complete) AS cost_complete,
    SUM(revenue_to_date) AS revenue_to_date,
    MIN(age_days) AS youngest,
    MAX(age_days) AS oldest
    {%- for n in horizons %},
    CASE WHEN COUNT(revenue_d{{ n }}) = COUNT(*) THEN SUM(revenue_d{{ n }}) END
      AS revenue_d{{ n }},
    SUM(COALESCE(revenue_d{{ n }}, revenue_to_date)) AS so_far_d{{ n }}
    {%- endfor %}
  FROM (
    SELECT * FROM campaign_roas WHERE {{ in_scope() }}
    UNION ALL
    SELECT * REPLACE ('' AS campaign_id)
    FROM campaign_roas
    WHERE {{ in_scope() }}
    QUALIFY SUM(spend) OVER (
      PARTITION BY campaign_id, DATE_TRUNC('{{ unit }}', install_date)
    ) <> 0
  ) AS with_total
  GROUP BY period, campaign_id
) AS sums
{%- endmacro %}
