-- LeadTech installs: one line per user, who installed when, through which campaign, where.
-- table: customers
SELECT
  user_id AS customer_id,
  install_ts AS registration_date,
  country,
  campaign_id
FROM file
