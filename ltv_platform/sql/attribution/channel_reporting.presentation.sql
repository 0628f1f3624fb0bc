-- Published: with ratios, and whether a later conversion can still credit the row.
{% import 'macros/shared.sql' as m with context %}
SELECT
  channel_name,
  date,
  cost,
  ihc,
  ihc_revenue,
  {{ m.cost_per_order('cost', 'ihc') }} AS "CPO",
  {{ m.ratio('ihc_revenue', 'cost') }} AS "ROAS",
  {{ m.conversions_complete('conversions_known', 'date') }} AS complete
FROM marts.channel_reporting
