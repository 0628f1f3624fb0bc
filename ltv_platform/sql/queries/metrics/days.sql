-- Grain: one row per day, campaign and country.
-- Answers: what came in on a day, and what was spent on it?
-- Revenue on its own day, whenever the customers came; so it is not that of the users who were paid
-- for on that day.
SELECT
  COALESCE(revenue.event_date, spent.install_date) AS day,
  COALESCE(revenue.campaign_id, spent.campaign_id) AS campaign,
  COALESCE(revenue.country, spent.country) AS country,
  revenue.purchases,
  revenue.gross_revenue,
  revenue.refund_amount,
  revenue.net_revenue,
  revenue.new_revenue,
  revenue.returning_revenue,
  revenue.new_payers,
  COALESCE(revenue.waiting_rows, 0) = 0 AS nothing_waits,
  spent.spend,
  COALESCE(spent.cost_complete, TRUE) AS cost_complete
FROM daily_revenue AS revenue
FULL JOIN (
  SELECT install_date, campaign_id, country, spend, cost_complete
  FROM campaign_roas
  WHERE spend IS NOT NULL OR NOT cost_complete
) AS spent
  ON spent.install_date = revenue.event_date
  AND spent.campaign_id = revenue.campaign_id
  AND spent.country = revenue.country
