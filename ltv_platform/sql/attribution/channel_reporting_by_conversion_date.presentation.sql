-- Published: with ratios of revenue to spend of the same day.
{% import 'macros/shared.sql' as m with context %}
SELECT
  channel_name,
  date,
  cost,
  ihc,
  ihc_revenue,
  {{ m.cost_per_order('cost', 'ihc') }} AS period_cpo,
  {{ m.ratio('ihc_revenue', 'cost') }} AS period_roas
FROM marts.channel_reporting_by_conversion_date
