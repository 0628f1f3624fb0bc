-- Grain: one row per run of up to four channels in paths to a conversion, or to none.
-- Answers: how often does which channel follow which, and how often does a path end there?
-- The SELECT counts visits; attribution/markov.py computes the table from them.
-- A path is a journey, or the sessions of a user outside any journey. The number of channels limits
-- how many sessions it remembers. Channels are numbered because integers are faster to count.
{#- The channels before a visit, as many as the number of channels allows. -#}
{% macro memory() -%}
LAG(channel) OVER path AS before_1,
    {%- for order in [2, 3] %}
    CASE
      WHEN channels <= {{ attribution.markov_channels[order] }}
      THEN LAG(channel, {{ order }}) OVER path
    END AS before_{{ order }},
    {%- endfor %}
{%- endmacro %}
WITH names AS (
  SELECT
    channel_name,
    CAST(ROW_NUMBER() OVER (ORDER BY channel_name) AS INTEGER) AS channel,
    COUNT(*) OVER () AS channels
  FROM (SELECT DISTINCT channel_name FROM core.sessions) AS known
),
paths AS (
  SELECT
    channel,
    {{ memory() }}
    position = sessions_in_journey AS is_last
  FROM marts.customer_journeys AS journeys
  JOIN names ON names.channel_name = journeys.channel_name
  WINDOW path AS (PARTITION BY conv_id ORDER BY position)
  UNION ALL
  SELECT
    channel,
    {{ memory() }}
    FALSE
  FROM core.sessions AS sessions
  JOIN names ON names.channel_name = sessions.channel_name
  WHERE NOT EXISTS (
    SELECT 1 FROM marts.customer_journeys AS journeys WHERE journeys.session_id = sessions.session_id
  )
  WINDOW path AS (PARTITION BY user_id ORDER BY event_ts, session_id)
),
counted AS (
  SELECT
    before_3,
    before_2,
    before_1,
    channel,
    COUNT(*) AS visits,
    COUNT(CASE WHEN is_last THEN 1 END) AS conversions
  FROM paths
  GROUP BY before_3, before_2, before_1, channel
),
converted AS (
  SELECT SUM(revenue) AS revenue FROM marts.customer_journeys WHERE position = 1
)
SELECT
  third.channel_name AS before_3,
  second.channel_name AS before_2,
  first.channel_name AS before_1,
  names.channel_name,
  visits,
  conversions,
  revenue AS revenue_of_all
FROM counted
JOIN names ON names.channel = counted.channel
LEFT JOIN names AS first ON first.channel = counted.before_1
LEFT JOIN names AS second ON second.channel = counted.before_2
LEFT JOIN names AS third ON third.channel = counted.before_3
CROSS JOIN converted
