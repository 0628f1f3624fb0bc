-- Grain: one row per model, channel and day of the session.
-- Answers: how much do the models disagree?
-- Joins the cost of the day's sessions with the credit of each model. markov_path depends on the
-- whole history: its rows are never complete, and disagreement covers only the other models.
{% import 'macros/shared.sql' as m with context %}
{% import 'macros/markov_path.sql' as markov with context %}
WITH costs AS (
  SELECT channel_name, event_date AS date, SUM(cost) AS cost
  FROM core.sessions
  GROUP BY channel_name, event_date
),
credits AS (
  SELECT model, channel_name, session_date AS date, SUM(credit) AS credit, SUM(revenue) AS revenue
  FROM (
    SELECT model, channel_name, session_date, credit, revenue FROM marts.attribution
    UNION ALL
    SELECT model, channel_name, session_date, credit, revenue
    FROM (
      {{ markov.markov_path() | indent(6) }}
    ) AS markov_path
  ) AS models
  GROUP BY model, channel_name, session_date
),
models AS (
  SELECT DISTINCT model FROM credits
),
cells AS (
  SELECT model, cells.channel_name, cells.date
  FROM (
    SELECT channel_name, date FROM costs
    UNION
    SELECT channel_name, date FROM credits
  ) AS cells
  CROSS JOIN models
),
known AS (
  SELECT MIN(event_date) AS first_conversion_date FROM core.conversions
),
days AS (
  SELECT DISTINCT date FROM cells
),
waiting AS (
  {{ m.waiting_days() | indent(2) }}
),
rows_of_cells AS (
  SELECT
    cells.model,
    cells.channel_name,
    cells.date,
    {{ m.total('COALESCE(cost, 0)') }} AS cost,
    {{ m.credit('COALESCE(credit, 0)') }} AS credit,
    {{ m.total('COALESCE(revenue, 0)') }} AS credited_revenue,
    COALESCE(cells.date >= first_conversion_date, FALSE) AND waiting.date IS NULL AS conversions_known,
    waiting.date IS NULL AS is_scored
  FROM cells
  LEFT JOIN costs ON costs.channel_name = cells.channel_name AND costs.date = cells.date
  LEFT JOIN credits
    ON credits.model = cells.model
    AND credits.channel_name = cells.channel_name
    AND credits.date = cells.date
  LEFT JOIN waiting ON waiting.date = cells.date
  CROSS JOIN known
),
settled AS (
  SELECT *, CASE WHEN model <> 'markov_path' THEN credit END AS settled FROM rows_of_cells
),
disagreements AS (
  SELECT
    *,
    MAX(settled) OVER cell - MIN(settled) OVER cell AS spread,
    SUM(settled) OVER cell / COUNT(settled) OVER cell AS mean
  FROM settled
  WINDOW cell AS (PARTITION BY channel_name, date)
)
SELECT
  model,
  channel_name,
  date,
  cost,
  credit,
  credited_revenue,
  {{ m.cost_per_order('cost', 'credit') }} AS cpo,
  {{ m.ratio('credited_revenue', 'cost') }} AS roas,
  CASE WHEN is_scored THEN {{ m.ratio('spread', 'mean') }} END AS disagreement,
  model <> 'markov_path' AND {{ m.conversions_complete('conversions_known', 'date') }} AS complete
FROM disagreements
