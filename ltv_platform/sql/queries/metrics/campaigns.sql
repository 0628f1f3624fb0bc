-- Grain: one row per campaign.
-- Answers: which figures of a campaign cannot be added up over cohorts?
SELECT
  campaign_id AS campaign,
  COALESCE(media_source, '(unknown)') AS media_source,
  payback_day,
  payback_spend_share,
  cohort_cost AS spend
  {%- for n in horizons %},
  total_revenue_d{{ n }},
  total_cost_d{{ n }}
  {%- endfor %}
FROM campaign_summary
