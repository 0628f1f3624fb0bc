-- Grain: one row per install week and campaign.
-- Answers: what will install cohorts be worth, observed or expected?
SELECT
  install_week AS day,
  campaign_id AS campaign,
  ANY_VALUE(installs) AS installs,
  ANY_VALUE(spend) AS spend,
  BOOL_AND(cost_complete) AS cost_complete
  {%- for n in forecast_horizons %},
  MAX(predicted_revenue) FILTER (WHERE horizon_days = {{ n }}) AS revenue_d{{ n }},
  MAX(predicted_revenue_lower) FILTER (WHERE horizon_days = {{ n }}) AS lower_d{{ n }},
  MAX(predicted_revenue_upper) FILTER (WHERE horizon_days = {{ n }}) AS upper_d{{ n }},
  BOOL_AND(state = 'observed') FILTER (WHERE horizon_days = {{ n }}) AS final_d{{ n }}
  {%- endfor %}
FROM campaign_ltv_forecast
GROUP BY install_week, campaign_id
