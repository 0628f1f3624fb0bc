-- Grain: 'paid' (campaigns with spend in the cohorts that count) and 'blended' (all); columns as in
-- campaign_summary.
-- Answers: what do all campaigns earn together?
-- A total's ratio is the ratio of the sums, all of them over the same cohorts: those with known
-- cost that are mature at the horizon, including organic ones.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/campaign_report.sql' as report with context %}
{% macro of_scope(spend) -%}
FILTER (WHERE scope = 'blended' OR {{ spend }} <> 0)
{%- endmacro %}
SELECT
  scope,
  COALESCE(SUM(installs) {{ of_scope('spend') }}, 0) AS installs,
  SUM(spend) AS spend,
  {{ m.quotient('SUM(spend)', 'SUM(installs) ' ~ of_scope('spend')) }} AS cpi,
  SUM(revenue_to_date) {{ of_scope('spend') }} AS revenue_to_date,
  {{ m.quotient('SUM(revenue_to_date) ' ~ of_scope('spend'), 'SUM(spend)') }} AS roas_to_date
  {%- for n in shown_horizons %}
  {%- set here = of_scope('spend_d%d' % n) %}
  {%- set revenue = 'SUM(revenue_d%d) %s' % (n, here) %},
  SUM(installs_d{{ n }}) {{ here }} AS installs_d{{ n }},
  {{ revenue }} AS total_revenue_d{{ n }},
  SUM(spend_d{{ n }}) AS cohort_cost_d{{ n }},
  {{ m.quotient(revenue, 'SUM(installs_d%d) %s' % (n, here)) }} AS ltv_d{{ n }}_per_user,
  {{ m.quotient(revenue, 'SUM(spend_d%d)' % n) }} AS cohort_roas_d{{ n }}
  {%- endfor %}
FROM (VALUES ('paid'), ('blended')) AS scopes(scope)
LEFT JOIN (
  SELECT
    campaign_id,
    SUM(installs) AS installs,
    SUM(spend) AS spend,
    SUM(revenue_to_date) AS revenue_to_date
    {%- for n in shown_horizons %}
    {%- set counts = 'FILTER (WHERE cost_complete AND revenue_d%d IS NOT NULL)' % n %},
    SUM(installs) {{ counts }} AS installs_d{{ n }},
    SUM(revenue_d{{ n }}) {{ counts }} AS revenue_d{{ n }},
    SUM(spend) {{ counts }} AS spend_d{{ n }}
    {%- endfor %}
  FROM campaign_roas
  WHERE {{ report.in_scope() }}
  GROUP BY campaign_id
) AS cohorts ON TRUE
GROUP BY scope
