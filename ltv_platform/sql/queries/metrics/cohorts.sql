-- Grain: one row per install date, campaign and country.
-- Answers: what do install cohorts cost, and what do they bring in?
-- `matures_d` columns say whether a cohort enters the figures of a horizon, as in campaign_summary:
-- cohorts without campaign do not wait for costs.
SELECT
  roas.install_date AS day,
  roas.campaign_id AS campaign,
  roas.country,
  COALESCE(names.media_source, '(unknown)') AS media_source,
  roas.installs,
  roas.spend,
  roas.cost_complete,
  roas.revenue_to_date,
  roas.age_days >= {{ horizons | max }} AS age_complete
  {%- for n in horizons %},
  roas.revenue_d{{ n }},
  roas.revenue_d{{ n }} IS NOT NULL AND roas.cost_complete AS counts_d{{ n }},
  roas.revenue_d{{ n }} IS NOT NULL AND (
    roas.cost_complete OR roas.campaign_id IN ('(organic)', '(unknown)')
  ) AS matures_d{{ n }},
  COALESCE(ltv.payers_d{{ n }}, 0) AS payers_d{{ n }},
  COALESCE(ltv.refunds_d{{ n }}, 0) AS refunds_d{{ n }},
  ltv.retained_d{{ n }}
  {%- endfor %}
FROM campaign_roas AS roas
LEFT JOIN campaign_ltv AS ltv
  ON ltv.install_date = roas.install_date
  AND ltv.campaign_id = roas.campaign_id
  AND ltv.country = roas.country
LEFT JOIN campaign_summary AS names ON names.campaign_id = roas.campaign_id
