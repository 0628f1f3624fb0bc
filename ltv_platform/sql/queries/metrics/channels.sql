-- Grain: one row per model, channel and day of the session.
-- Answers: what does each model credit to a channel?
-- What no channel earned has no cost of its own, so it has no cost per order, as in the table.
SELECT
  model,
  channel_name AS channel,
  date AS day,
  CASE WHEN channel_name NOT IN ('(not attributed)', '(pending)') THEN cost END AS cost,
  credit,
  credited_revenue,
  complete
FROM channel_model_comparison
