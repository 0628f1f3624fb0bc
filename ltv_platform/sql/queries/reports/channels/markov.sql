-- Grain: one row per channel.
-- Answers: how many conversions would be lost without it, by order?
SELECT
  channel_name,
  MAX(removal_effect) FILTER (markov_order = 1) AS order_1,
  MAX(removal_effect) FILTER (markov_order = 2) AS order_2,
  MAX(removal_effect) FILTER (markov_order = 3) AS order_3,
  MAX(conversions) FILTER (markov_order = 1) AS conversions
FROM markov_channels
GROUP BY channel_name
ORDER BY order_1 DESC, channel_name
