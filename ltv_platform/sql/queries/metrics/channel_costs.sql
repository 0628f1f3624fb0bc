-- Grain: one row per channel and day of the session.
-- Answers: what did sessions cost, converting or not?
SELECT channel_name AS channel, date AS day, cost FROM channel_reporting
