{#- Weekly install cohorts as sums by age, from which forecasting/ makes forecasts, their factors
    and their back-test. -#}
{% import 'macros/shared.sql' as m with context %}

{#- Horizons of the forecasts, up to the longest for which revenue is known. -#}
{% set campaign_horizons = [] %}
{% for days in forecast_horizons %}
{% set reached = [days, horizons | max] | min %}
{% if reached not in campaign_horizons %}{% set _ = campaign_horizons.append(reached) %}{% endif %}
{% endfor %}

{#- Days of life known for every customer of the install date. -#}
{% macro known_age(install_date) -%}
{% if window == 'calendar' -%}
DATE_DIFF('day', {{ install_date }}, {{ m.day('$revenue_watermark') }})
{%- else -%}
DATE_DIFF('microsecond', {{ m.midnight(install_date ~ ' + 1') }}, $revenue_watermark) // 86400000000
{%- endif %}
{%- endmacro %}

{#- Minutes since 1970 of the instant from which known_age counts, in whole days under calendar
    windows; differences between cohorts are all that matters. -#}
{% macro lived_from(install_date) -%}
{% if window == 'calendar' -%}
DATE_DIFF('day', DATE '1970-01-01', {{ install_date }}) * 1440
{%- else -%}
DATE_DIFF('microsecond', TIMESTAMP '1970-01-01 00:00:00', {{ m.midnight(install_date ~ ' + 1') }}) // 60000000
{%- endif %}
{%- endmacro %}

{#- The Monday of a day's week. -#}
{% macro monday(day) -%}
CAST(DATE_TRUNC('week', {{ day }}) AS DATE)
{%- endmacro %}

{% macro millionths(money) -%}
CAST({{ money }} * 1000000 AS DECIMAL(38,0))
{%- endmacro %}

{#- One row per cohort and age with revenue or new payers, and one at age 0 for every cohort, which
    alone holds what is said of the cohort as a whole. A cohort is known as far as its youngest
    install date is, so that all of its days are of one age; the youngest of a week that has not ended
    is yet to come. Money is in millionths. Payers are
    placed at the last age of the first configured horizon within which they paid. -#}
{% macro cohorts() -%}
WITH days AS (
  SELECT *,
    {{ monday('install_date') }} AS install_week,
    {{ monday('install_date') }} + 6 AS last_day
  FROM marts.campaign_cohort_curve
  WHERE age_day = 0
),
weeks AS (
  SELECT
    campaign_id,
    install_week,
    SUM(installs) AS installs,
    SUM(spend) AS spend,
    BOOL_AND({{ m.cost_complete('install_date') }} AND NOT cost_waits)
      AND {{ m.cost_complete('last_day') }} AND last_day <= $as_of AS cost_complete,
    CASE
      WHEN last_day <= $as_of
      THEN COALESCE(MAX(CASE WHEN installs > 0 THEN install_date END), MAX(install_date))
      ELSE last_day
    END AS counts_from
  FROM days
  GROUP BY campaign_id, install_week, last_day
),
-- From this age on, revenue waits for a rate.
waiting AS (
  SELECT campaign_id, {{ monday('install_date') }} AS install_week, MIN(age_day) AS age_day
  FROM marts.campaign_cohort_curve
  WHERE waiting_rows > 0
  GROUP BY campaign_id, {{ monday('install_date') }}
),
known AS (
  SELECT
    weeks.campaign_id, weeks.install_week, installs, spend, cost_complete,
    CAST(LEAST(
      GREATEST(COALESCE({{ known_age('counts_from') }}, 0), 0),
      COALESCE(waiting.age_day, {{ campaign_horizons | max }}),
      {{ campaign_horizons | max }}
    ) AS INTEGER) AS known_age_days,
    {{ lived_from('counts_from') }} AS lived_from
  FROM weeks
  LEFT JOIN waiting
    ON waiting.campaign_id = weeks.campaign_id AND waiting.install_week = weeks.install_week
),
paid AS (
  SELECT
    campaign_id,
    {{ monday('install_date') }} AS install_week
    {%- for days in horizons %},
    SUM(payers_d{{ days }}) AS payers_d{{ days }}
    {%- endfor %}
  FROM marts.campaign_ltv
  GROUP BY campaign_id, {{ monday('install_date') }}
),
aged AS (
  SELECT campaign_id, {{ monday('install_date') }} AS install_week, age_day, revenue, 0 AS payers
  FROM marts.campaign_cohort_curve
  {%- for days in horizons %}
  UNION ALL
  SELECT campaign_id, install_week, {{ days - 1 }}, 0,
    payers_d{{ days }}{% if not loop.first %} - payers_d{{ loop.previtem }}{% endif %}
  FROM paid
  {%- endfor %}
),
summed AS (
  SELECT campaign_id, install_week, age_day, SUM(revenue) AS revenue, SUM(payers) AS payers
  FROM aged
  GROUP BY campaign_id, install_week, age_day
)
SELECT
  summed.campaign_id,
  summed.install_week,
  summed.age_day,
  CASE WHEN summed.age_day < known.known_age_days THEN {{ millionths('summed.revenue') }} ELSE 0 END
    AS revenue,
  CAST(CASE WHEN summed.age_day < known.known_age_days THEN summed.payers ELSE 0 END AS BIGINT)
    AS payers,
  CASE WHEN summed.age_day = 0 THEN known.known_age_days END AS known_age_days,
  CASE WHEN summed.age_day = 0 THEN CAST(known.lived_from AS BIGINT) END AS lived_from,
  CASE WHEN summed.age_day = 0 THEN CAST(known.installs AS BIGINT) END AS installs,
  CASE WHEN summed.age_day = 0 THEN {{ millionths('known.spend') }} END AS spend,
  CASE WHEN summed.age_day = 0 THEN known.cost_complete END AS cost_complete,
  CASE WHEN summed.age_day = 0 THEN '{{ campaign_horizons | join(',') }}' END AS horizons
FROM summed
JOIN known
  ON known.campaign_id = summed.campaign_id AND known.install_week = summed.install_week
WHERE summed.age_day = 0 OR summed.age_day < known.known_age_days
{%- endmacro %}
