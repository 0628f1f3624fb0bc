-- Grain: one row per campaign.
-- Answers: what is a campaign expected to earn, all of its cohorts together?
SELECT
  campaign_id AS campaign,
  COALESCE(media_source, '(unknown)') AS media_source,
  spend,
  spend_share,
  expected_payback_day,
  ltv_cac
  {%- for n in forecast_horizons if n <= horizons | max %},
  expected_roas_d{{ n }},
  expected_roas_d{{ n }}_lower,
  expected_roas_d{{ n }}_upper
  {%- endfor %}
FROM campaign_outlook
