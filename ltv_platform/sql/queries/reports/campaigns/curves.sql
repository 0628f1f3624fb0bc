-- Grain: one row per campaign, line and age.
-- Answers: what share of the spend is back after N days?
-- Each line has a fixed base of cohorts and ends at the age that all of them have reached: 'most'
-- are the cohorts with at least 80 % of the spend; 'oldest' are those that have reached the highest
-- age. `share` is their part of the campaign's spend.
WITH cohorts AS MATERIALIZED (
  SELECT campaign_id, install_date, age_day, mature AND complete AS counts,
    CAST(spend AS DOUBLE) AS spend, CAST(cumulative_revenue AS DOUBLE) AS revenue
  FROM campaign_cohort_curve
  JOIN (
    SELECT install_date, BOOL_AND(cost_complete) AS complete
    FROM campaign_roas
    GROUP BY install_date
  ) AS cost USING (install_date)
  WHERE age_day < {{ last_day }}
    AND (CAST($start AS DATE) IS NULL OR install_date >= $start)
    AND (CAST($end AS DATE) IS NULL OR install_date <= $end)
    AND (CAST($campaign AS VARCHAR) IS NULL OR campaign_id = $campaign)
    AND campaign_id IN (SELECT campaign_id FROM campaign WHERE is_campaign AND detailed)
),
ages AS (
  SELECT campaign_id, age_day,
    SUM(spend) FILTER (WHERE counts) / NULLIF(SUM(SUM(spend) FILTER (WHERE age_day = 0))
      OVER (PARTITION BY campaign_id), 0) AS share
  FROM cohorts
  GROUP BY campaign_id, age_day
),
ends AS (
  SELECT campaign_id,
    MAX(age_day) FILTER (WHERE share >= {{ firm_share }}) AS most,
    MAX(age_day) FILTER (WHERE share > 0) AS oldest
  FROM ages
  GROUP BY campaign_id
),
lines AS (
  SELECT campaign_id, 'most' AS line, most AS last_age FROM ends WHERE most IS NOT NULL
  UNION ALL
  SELECT campaign_id, 'oldest', oldest FROM ends WHERE oldest IS DISTINCT FROM most
),
bases AS (
  SELECT campaign_id, install_date, line, last_age
  FROM lines
  JOIN cohorts USING (campaign_id)
  WHERE age_day = last_age AND counts
),
points AS (
  SELECT campaign_id, line, last_age, age_day, SUM(revenue) / NULLIF(SUM(spend), 0) AS roas
  FROM cohorts
  JOIN bases USING (campaign_id, install_date)
  WHERE age_day <= last_age
  GROUP BY campaign_id, line, last_age, age_day
)
SELECT
  points.campaign_id, name, payback_day, line, points.age_day + 1 AS day, roas, share
FROM points
JOIN ages ON ages.campaign_id = points.campaign_id AND ages.age_day = points.last_age
JOIN campaign ON campaign.campaign_id = points.campaign_id
WHERE roas IS NOT NULL
ORDER BY spend_rank, points.campaign_id, line, day
