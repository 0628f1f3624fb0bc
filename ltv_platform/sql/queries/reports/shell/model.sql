-- Grain: one row per attribution model.
-- Answers: which models can a page show?
SELECT DISTINCT model AS value, REPLACE(model, '_', ' ') AS label
FROM channel_model_comparison
ORDER BY model
