-- LeadTech purchases: one line per purchase, without an id of its own. The ordinal within user
-- and second makes one that does not depend on the order of the lines of different users.
-- table: transactions
SELECT
  user_id || '-' || event_ts || '-'
    || ROW_NUMBER() OVER (PARTITION BY user_id, event_ts ORDER BY _line) AS transaction_id,
  user_id AS customer_id,
  event_ts AS transaction_date,
  value AS amount
FROM file
