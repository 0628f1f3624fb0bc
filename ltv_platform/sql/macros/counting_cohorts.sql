{#- Shared by checks of ratios: the cohorts that count at a horizon of that many days. -#}

{#- One row per campaign and country. installs, spend and revenue are of cohorts that are mature and
    whose cost is known; all_installs and all_revenue of all mature ones.
    $mature: the last mature install date; $cost_known: the first day whose cost may still grow. -#}
{% macro cohorts(days) -%}
SELECT
  campaign_id,
  country,
  SUM(installs) FILTER (is_mature AND cost_is_known) AS installs,
  SUM(spend) FILTER (is_mature AND cost_is_known) AS spend,
  SUM(revenue_d{{ days }}) FILTER (is_mature AND cost_is_known) AS revenue,
  SUM(installs) FILTER (is_mature) AS all_installs,
  SUM(revenue_d{{ days }}) FILTER (is_mature) AS all_revenue
FROM (
  SELECT
    *,
    install_date <= CAST($mature AS DATE)
      AND COALESCE(waits_from_age, {{ days }}) >= {{ days }} AS is_mature,
    NOT cost_waits AND (
      CAST($cost_known AS DATE) IS NULL OR install_date < CAST($cost_known AS DATE)
    ) AS cost_is_known
  FROM marts.campaign_roas
) AS known
GROUP BY campaign_id, country
{%- endmacro %}

{#- How many rows of a table differ from the CTE expected, and the first of them. -#}
{% macro differing(table, key, figures) -%}
SELECT COUNT(*) AS differing, MIN({{ key }}) AS example
FROM {{ table }} AS published
FULL JOIN expected USING ({{ key }})
WHERE
  {%- for figure in figures %}
  {{ 'OR ' if not loop.first }}published.{{ figure }} IS DISTINCT FROM expected.{{ figure }}
  {%- endfor %}
{%- endmacro %}
