-- Grain: one row per model and channel, over all days.
-- Answers: what does each model credit to each channel?
-- Models in a fixed order, channels with the most conversions first.
{% import 'macros/shared.sql' as m with context %}
SELECT
  channel_name,
  model,
  CAST(SUM(credit) AS DOUBLE) AS credit,
  EXISTS (
    SELECT 1 FROM {{ schema }}channel_model_comparison WHERE channel_name = '(pending)'
  ) AS unscored
FROM {{ schema }}channel_model_comparison
WHERE channel_name NOT IN {{ m.no_channel }}
GROUP BY channel_name, model
ORDER BY
  SUM(SUM(credit)) OVER (PARTITION BY channel_name) DESC,
  channel_name,
  CASE model
  {%- for name in models_in_order %}
    WHEN {{ name | literal }} THEN {{ loop.index }}
  {%- endfor %}
  END
