-- Grain: one row per install date, campaign and country, including spend without installs.
-- Answers: has the cohort earned back its cost after N days?
-- Joins the spend of the install date with the revenue of campaign_ltv; spend without a country is
-- allocated by installs.
{% import 'macros/shared.sql' as m with context %}
WITH waiting AS (
  SELECT DISTINCT event_date AS install_date, owner AS campaign_id
  FROM core.waiting_for_rate
  WHERE table_name = 'campaign_costs'
),
without_country AS (
  -- Spend without a country goes to the countries of that campaign-day by installs …
  SELECT s.date, s.campaign_id, l.country, s.spend, l.installs,
    CAST(CAST(s.spend AS DECIMAL(38,6)) * 1000000 AS HUGEINT) AS micros,
    CAST(SUM(l.installs) OVER (PARTITION BY s.date, s.campaign_id) AS BIGINT) AS all_installs,
    ROW_NUMBER() OVER (PARTITION BY s.date, s.campaign_id ORDER BY l.country) AS country_number
  FROM core.campaign_spend AS s
  JOIN marts.campaign_ltv AS l ON l.install_date = s.date AND l.campaign_id = s.campaign_id
  WHERE s.country IS NULL
),
shares AS (
  -- … rounded down in whole millionths, so that no share is negative …
  SELECT *, {{ m.total('(micros // all_installs * installs'
    ~ ' + micros % all_installs * installs // all_installs) * 0.000001') }} AS share
  FROM without_country
),
spread AS (
  -- … and the first of them gets the remainder, so that the sum stays exact.
  SELECT date, campaign_id, country,
    share + CASE
      WHEN country_number = 1 THEN spend - SUM(share) OVER (PARTITION BY date, campaign_id)
      ELSE 0
    END AS spend
  FROM shares
),
spend AS (
  SELECT date AS install_date, campaign_id, country, {{ m.total('SUM(spend)') }} AS spend
  FROM (
    SELECT date, campaign_id, country, spend FROM spread
    UNION ALL
    SELECT date, campaign_id, country, spend
    FROM core.campaign_spend
    WHERE country IS NOT NULL
    UNION ALL
    SELECT s.date, s.campaign_id, '(unknown)', s.spend
    FROM core.campaign_spend AS s
    LEFT JOIN (SELECT DISTINCT install_date, campaign_id FROM marts.campaign_ltv) AS l
      ON l.install_date = s.date AND l.campaign_id = s.campaign_id
    WHERE s.country IS NULL AND l.campaign_id IS NULL
    UNION ALL
    -- A campaign-day whose entire spend waits for a rate.
    SELECT w.install_date, w.campaign_id, '(unknown)', NULL
    FROM waiting AS w
    LEFT JOIN (
      SELECT install_date, campaign_id FROM marts.campaign_ltv
      UNION
      SELECT date, campaign_id FROM core.campaign_spend
    ) AS known
      ON known.install_date = w.install_date AND known.campaign_id = w.campaign_id
    WHERE known.campaign_id IS NULL
  ) AS by_country
  GROUP BY date, campaign_id, country
)
SELECT
  install_date,
  campaign_id,
  country,
  COALESCE(installs, 0) AS installs,
  spend
  {%- for n in horizons %},
  {{ m.total('COALESCE(revenue_d' ~ n ~ ', 0)') }} AS revenue_d{{ n }}
  {%- endfor %},
  {{ m.total('COALESCE(revenue_to_date, 0)') }} AS revenue_to_date,
  waits_from_age,
  waiting.campaign_id IS NOT NULL AS cost_waits
FROM marts.campaign_ltv
FULL OUTER JOIN spend USING (install_date, campaign_id, country)
LEFT JOIN waiting USING (install_date, campaign_id)
