{#- What both channel reports share: costs and credits side by side. -#}
{% import 'macros/shared.sql' as m with context %}

{#- One row per channel and date that has either; needs the CTEs costs (channel_name, date, cost) and
    credits (channel_name, date, ihc, ihc_revenue), each summed by itself. -#}
{% macro side_by_side() -%}
SELECT
  COALESCE(costs.channel_name, credits.channel_name) AS channel_name,
  COALESCE(costs.date, credits.date) AS date,
  {{ m.total('COALESCE(costs.cost, 0)') }} AS cost,
  {{ m.credit('COALESCE(credits.ihc, 0)') }} AS ihc,
  {{ m.total('COALESCE(credits.ihc_revenue, 0)') }} AS ihc_revenue
FROM costs
FULL OUTER JOIN credits
  ON credits.channel_name = costs.channel_name AND credits.date = costs.date
{%- endmacro %}
