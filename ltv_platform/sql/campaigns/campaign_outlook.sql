-- Grain: one row per campaign.
-- Answers: when does it pay back, how sure is that, and which one should stop?
-- The SELECT adds forecasts and sums of the campaign to the weekly cohorts by age, at age 0;
-- forecasting/cohorts/outlook.py computes the table from these.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/weekly_cohorts.sql' as weekly with context %}
WITH cohorts AS (
  {{ weekly.cohorts() | indent(2) }}
),
forecasts AS (
  SELECT campaign_id, install_week
  {%- for n in weekly.campaign_horizons %},
    MAX(CASE WHEN horizon_days = {{ n }} THEN {{ weekly.millionths('predicted_revenue') }} END)
      AS predicted_d{{ n }},
    BOOL_OR(horizon_days = {{ n }} AND COALESCE(method = 'multiplicative', FALSE))
      AS multiplicative_d{{ n }}
  {%- endfor %}
  FROM marts.campaign_ltv_forecast
  GROUP BY campaign_id, install_week
),
shares AS (
  SELECT *, {{ m.ratio('cohort_cost', 'SUM(cohort_cost) OVER ()') }} AS spend_share
  FROM marts.campaign_summary
)
SELECT
  cohorts.*
  {%- for n in weekly.campaign_horizons %},
  CASE WHEN age_day = 0 THEN predicted_d{{ n }} END AS predicted_d{{ n }},
  CASE WHEN age_day = 0 THEN multiplicative_d{{ n }} END AS multiplicative_d{{ n }}
  {%- endfor %},
  CASE WHEN age_day = 0 THEN campaign_name END AS campaign_name,
  CASE WHEN age_day = 0 THEN media_source END AS media_source,
  CASE WHEN age_day = 0 THEN shares.installs END AS campaign_installs,
  CASE WHEN age_day = 0 THEN cohort_cost END AS cohort_cost,
  CASE WHEN age_day = 0 THEN spend_share END AS spend_share,
  CASE WHEN age_day = 0 THEN revenue_to_date END AS revenue_to_date,
  CASE WHEN age_day = 0 THEN {{ m.total('revenue_to_date - cohort_cost') }} END AS profit_to_date,
  CASE WHEN age_day = 0 THEN cpi END AS cpi,
  CASE WHEN age_day = 0 THEN payback_day END AS payback_day,
  CASE WHEN age_day = 0 THEN payback_spend_share END AS payback_spend_share
  {%- for n in horizons %},
  CASE WHEN age_day = 0 THEN {{ m.ratio('cohort_cost_d%d' % n, 'cohort_cost') }} END
    AS mature_spend_share_d{{ n }},
  CASE WHEN age_day = 0 THEN cohort_roas_d{{ n }} END AS cohort_roas_d{{ n }}
  {%- endfor %}
FROM cohorts
JOIN shares ON shares.campaign_id = cohorts.campaign_id
LEFT JOIN forecasts
  ON forecasts.campaign_id = cohorts.campaign_id AND forecasts.install_week = cohorts.install_week
