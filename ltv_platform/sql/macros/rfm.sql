{#- Recency, frequency and monetary value of customers, and what they score (Hughes, "Strategic
    Database Marketing": fifths of the customer base). A window of purchases and a day in, scores
    out: for rfm_segments, for an earlier day, for whatever start and end someone asks for. -#}
{% import 'macros/shared.sql' as m with context %}

{#- With fewer than four buyers per fifth, one more or less changes everybody's score. -#}
{% set small_base = 20 %}

{#- Distinct orders with a purchase, per customer. Two steps, apart from the sums and not among
    them: over 10M rows a COUNT(DISTINCT) among them took a quarter longer and more memory. -#}
{% macro orders(window='TRUE') -%}
SELECT customer_id, COUNT(*) AS orders
FROM (
  SELECT DISTINCT customer_id, {{ m.order_of('t') }} AS order_key
  FROM core.transactions AS t
  WHERE NOT is_refund AND {{ window }}
) AS order_keys
GROUP BY customer_id
{%- endmacro %}

{#- What customers bought in a window: last_date, frequency (orders) and monetary (net revenue).
    One row for each row of a relation with customer_id, those who bought nothing too.
    start and end are UTC instants in SQL, the end exclusive; none: without end. -#}
{% macro bought(customers, start=none, end=none) -%}
{%- set after = 'event_ts >= ' ~ start if start is not none else 'TRUE' -%}
{%- set before = 'event_ts < ' ~ end if end is not none else 'TRUE' -%}
{%- set window = after ~ ' AND ' ~ before -%}
SELECT
  customers.customer_id,
  sums.last_date,
  COALESCE(ordered.orders, 0) AS frequency,
  {{ m.total('COALESCE(sums.net_revenue, 0)') }} AS monetary
FROM {{ customers }} AS customers
LEFT JOIN (
  SELECT
    customer_id,
    MAX(event_date) FILTER (WHERE NOT is_refund) AS last_date,
    {{ m.net_revenue() }} AS net_revenue
  FROM core.transactions
  WHERE {{ window }}
  GROUP BY customer_id
) AS sums ON sums.customer_id = customers.customer_id
LEFT JOIN ({{ orders(window) }}) AS ordered ON ordered.customer_id = customers.customer_id
{%- endmacro %}

{#- A fifth, 1 to 5, by the share of customers below: equal values are in the same one, regardless
    of the order of rows, which NTILE does not promise. -#}
{% macro fifth(value) -%}
CASE
  WHEN buys
  THEN CAST(LEAST(5, 1 + FLOOR(5 * PERCENT_RANK() OVER (PARTITION BY buys ORDER BY {{ value }}))) AS INTEGER)
END
{%- endmacro %}

{#- Scores and segment of each row of a relation as bought() makes it.
    day is the one that recency counts to. Who bought nothing is a prospect and is not ranked. -#}
{% macro scored(purchases, day) -%}
SELECT
  scores.customer_id,
  scores.recency_days,
  scores.frequency,
  scores.monetary,
  scores.r_score,
  scores.f_score,
  scores.m_score,
  COALESCE(grid.segment, 'Prospects') AS segment,
  CASE WHEN scores.ranked < {{ small_base }} THEN 'small_base' ELSE 'ok' END AS status
FROM (
  SELECT
    customer_id,
    recency_days,
    frequency,
    monetary,
    6 - {{ fifth('recency_days') }} AS r_score,
    {{ fifth('frequency') }} AS f_score,
    {{ fifth('monetary') }} AS m_score,
    COUNT(CASE WHEN buys THEN 1 END) OVER () AS ranked
  FROM (
    SELECT
      customer_id,
      CAST(DATE_DIFF('day', last_date, {{ day }}) AS INTEGER) AS recency_days,
      frequency,
      monetary,
      last_date IS NOT NULL AS buys
    FROM {{ purchases }} AS purchases
  ) AS aged
) AS scores
LEFT JOIN (
{% include 'macros/rfm_grid.sql' %}
) AS grid
  ON grid.r_score = scores.r_score AND grid.f_score = scores.f_score
{%- endmacro %}
