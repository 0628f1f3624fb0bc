-- Grain: one row per run of up to four channels in paths to a conversion, or to none.
-- Answers: how often does which channel follow which, and how often does a path end there?
-- Its rows are counted visits; attribution/markov.py makes the table of them.
-- A path is a journey, or the sessions of a user that are in no journey. Its memory is cut to
-- what the number of channels allows.
{% macro before(visits, order) -%}
CASE WHEN channels <= {{ attribution.markov_channels[order] }} THEN LAG(channel_name, {{ visits }}) OVER path END
{%- endmacro %}
WITH touches AS (
  SELECT
    TRUE AS converts,
    conv_id AS path,
    position,
    position = sessions_in_journey AS is_last,
    channel_name
  FROM marts.customer_journeys
  UNION ALL
  SELECT
    FALSE,
    user_id,
    ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY event_ts, session_id),
    FALSE,
    channel_name
  FROM core.sessions AS sessions
  WHERE NOT EXISTS (
    SELECT 1 FROM marts.customer_journeys AS journeys WHERE journeys.session_id = sessions.session_id
  )
),
paths AS (
  SELECT
    channel_name,
    LAG(channel_name) OVER path AS before_1,
    {{ before(2, 2) }} AS before_2,
    {{ before(3, 3) }} AS before_3,
    is_last
  FROM touches
  CROSS JOIN (SELECT COUNT(DISTINCT channel_name) AS channels FROM core.sessions) AS known
  WINDOW path AS (PARTITION BY converts, path ORDER BY position)
),
converted AS (
  SELECT SUM(revenue) AS revenue FROM marts.customer_journeys WHERE position = 1
)
SELECT
  before_3,
  before_2,
  before_1,
  channel_name,
  COUNT(*) AS visits,
  COUNT(CASE WHEN is_last THEN 1 END) AS conversions,
  revenue AS revenue_of_all
FROM paths
CROSS JOIN converted
GROUP BY before_3, before_2, before_1, channel_name, revenue
