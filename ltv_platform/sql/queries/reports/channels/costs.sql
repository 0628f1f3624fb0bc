-- Grain: one row per channel.
-- Answers: what does it cost, and what is credited to it by IHC?
{% import 'macros/shared.sql' as m with context %}
SELECT channel_name, SUM(cost) AS cost, SUM(ihc_revenue) AS ihc_revenue
FROM {{ schema }}channel_reporting
WHERE channel_name NOT IN {{ m.no_channel }}
GROUP BY channel_name
ORDER BY SUM(ihc) DESC, SUM(cost) DESC, channel_name
