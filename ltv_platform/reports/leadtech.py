"""The legacy D7 figures, for users who must match an old report.

The original query counts a campaign's cost once per install, averages over the users it has, uses a
window of eight days (an inclusive BETWEEN), and gives every country its campaign's ROAS by
allocating cost by revenue. These figures are wrong, but they are the old ones, and are never mixed
with the others.
"""

from ltv_platform.published.query import query
from ltv_platform.settings import Settings

_TOP_COUNTRIES = 3

_SQL = f"""
WITH user_revenue AS (
  SELECT c.customer_id, c.campaign_id, c.country, c.install_date,
    COALESCE(SUM(CASE WHEN t.is_refund THEN -t.amount ELSE t.amount END), 0) AS revenue
  FROM customers AS c
  LEFT JOIN transactions AS t
    ON t.customer_id = c.customer_id
    AND t.event_date BETWEEN c.install_date AND c.install_date + 7
  GROUP BY ALL
),
revenue AS (
  SELECT campaign_id, SUM(revenue) AS revenue, AVG(CAST(revenue AS DOUBLE)) AS ltv
  FROM user_revenue
  GROUP BY campaign_id
),
costs AS (
  SELECT c.campaign_id, SUM(s.spend) AS cost
  FROM customers AS c
  JOIN campaign_spend AS s
    ON s.campaign_id = c.campaign_id AND s.date BETWEEN c.install_date AND c.install_date + 7
  GROUP BY c.campaign_id
),
campaigns AS (
  SELECT campaign_id, revenue, ltv, cost,
    CAST(revenue AS DOUBLE) / NULLIF(CAST(cost AS DOUBLE), 0) AS roas
  FROM revenue
  LEFT JOIN costs USING (campaign_id)
),
countries AS (
  SELECT country, SUM(u.revenue) AS revenue,
    CAST(SUM(u.revenue) AS DOUBLE)
      / NULLIF(SUM(CAST(c.cost AS DOUBLE) * CAST(u.revenue AS DOUBLE)
        / NULLIF(CAST(c.revenue AS DOUBLE), 0)), 0) AS roas
  FROM user_revenue AS u
  JOIN campaigns AS c USING (campaign_id)
  GROUP BY country
),
figures AS (
  SELECT 1 AS part, ROW_NUMBER() OVER (ORDER BY roas NULLS LAST, campaign_id) AS position,
    'LTV D7 per campaign' AS metric, campaign_id AS id, ltv AS value
  FROM campaigns
  UNION ALL
  SELECT 2, ROW_NUMBER() OVER (ORDER BY roas NULLS LAST, campaign_id),
    'ROAS D7 per campaign', campaign_id, roas
  FROM campaigns
  UNION ALL
  SELECT 3, position, 'Top {_TOP_COUNTRIES} Countries by ROAS D7', country, roas
  FROM (
    SELECT *, ROW_NUMBER() OVER (
      ORDER BY ROUND(roas, 12) DESC NULLS LAST, revenue DESC, country
    ) AS position
    FROM countries
  ) AS ranked
  WHERE position <= {_TOP_COUNTRIES}
)
SELECT metric, id, value FROM figures ORDER BY part, position
"""


def legacy_figures(settings: Settings) -> list[tuple[str, str, float | None]]:
    """Rows (metric, id, value) as the original query returns them.

    Raises:
        UserError: nothing is published yet.
    """
    _, rows = query(settings, _SQL)
    return [(metric, key, value) for metric, key, value in rows]
