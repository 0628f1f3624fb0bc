-- Grain: one row per model, channel and day of the session.
-- Answers: what does each model credit to a channel?
SELECT model, channel_name AS channel, date AS day, cost, credit, credited_revenue, complete
FROM channel_model_comparison
