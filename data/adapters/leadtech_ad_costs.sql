-- LeadTech ad costs: one line per campaign and day, without country.
-- table: campaign_costs
SELECT campaign_id, date, cost
FROM file
