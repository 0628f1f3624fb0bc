"""Questions of the exam about figures, with SQL by hand on the published tables."""

from ltv_platform_tests.agents.exam import Answered

_PARTIAL = frozenset({"partial"})
_MIXED = frozenset({"observed", "partial"})
_NO_SPEND = frozenset({"no_denominator"})
_PREDICTED = frozenset({"predicted"})


def _roas(days: int, key: str = "", where: str = "TRUE") -> str:
    """ROAS of paid campaigns, by hand: mature cohorts with complete cost."""
    unit = "campaign_id" if key in ("", "campaign_id") else f"campaign_id, {key}"
    return f"""
        WITH cohorts AS (
          SELECT *, DATE_TRUNC('week', install_date)::DATE AS week,
            DATE_TRUNC('month', install_date)::DATE AS month
          FROM campaign_roas
          WHERE revenue_d{days} IS NOT NULL AND cost_complete AND {where}
        ), paid AS (
          SELECT {unit}, SUM(revenue_d{days}) AS revenue, SUM(spend) AS spend
          FROM cohorts GROUP BY {unit} HAVING SUM(spend) > 0
        )
        SELECT {key + "," if key else ""} CAST(SUM(revenue) AS DOUBLE) / CAST(SUM(spend) AS DOUBLE)
        FROM paid {f"GROUP BY {key}" if key else ""}
    """


FIGURES = (
    Answered(
        "Which campaign has the best D7 ROAS?",
        {"metric": "roas_d7", "by": ["campaign"], "order": "highest"},
        _roas(7, "campaign_id"),
        _MIXED | _NO_SPEND,
        first="google_us_search_brand",
        says=("1.9413; PARTIAL, not final: covers 98.3% of the spend",),
    ),
    Answered(
        "Which campaign returns the least after 30 days?",
        {"metric": "roas_d30", "by": "campaign", "order": "lowest"},
        _roas(30, "campaign_id"),
        _MIXED | _NO_SPEND,
        first="ctv_awareness_pilot",
    ),
    Answered(
        "What is the D90 ROAS of Google US Search in the US?",
        {
            "metric": "roas_d90",
            "where": {"campaign": ["google_us_search_brand"], "country": ["US"]},
        },
        _roas(90, "", "campaign_id = 'google_us_search_brand' AND country = 'US'"),
        _PARTIAL,
        says=("PARTIAL, not final", "every customer of an install date must have lived 90"),
    ),
    Answered("What is our D7 ROAS?", {"metric": "roas_d7"}, _roas(7), _PARTIAL),
    Answered(
        "And with everybody's revenue above it?",
        {"metric": "blended_roas_d7"},
        "SELECT CAST(SUM(revenue_d7) AS DOUBLE) / CAST(SUM(spend) AS DOUBLE) FROM campaign_roas "
        "WHERE revenue_d7 IS NOT NULL AND cost_complete",
        _PARTIAL,
    ),
    Answered(
        "D30 ROAS by country?",
        {"metric": "roas_d30", "by": ["country"]},
        "SELECT country, roas_d30 FROM country_roas",
        _PARTIAL,
    ),
    Answered(
        "How is D7 ROAS of Meta US developing by week?",
        {
            "metric": "D7 ROAS",
            "where": "campaign=meta_us_prospecting",
            "grain": "weekly",
            "last": "8 weeks",
        },
        _roas(
            7,
            "week",
            "campaign_id = 'meta_us_prospecting' AND install_date >= DATE '2026-10-05'",
        ).replace("campaign_id, week", "week"),
        frozenset({"observed", "partial", "immature"}),
        says=("NOT KNOWN YET (immature",),
    ),
    Answered(
        "What is a German install worth after 7 days?",
        {"metric": "ltv_d7", "where": {"country": "Germany"}},
        "SELECT CAST(SUM(revenue_d7) AS DOUBLE) / SUM(installs) FROM campaign_roas "
        "WHERE country = 'DE' AND revenue_d7 IS NOT NULL "
        "AND (cost_complete OR campaign_id IN ('(organic)', '(unknown)'))",
        _PARTIAL,
        says=('country "Germany" was read as "DE"',),
    ),
    Answered(
        "D30 LTV by month of install?",
        {"metric": "ltv_d30", "by": ["month"], "end": "2026-09"},
        "SELECT DATE_TRUNC('month', install_date)::DATE, "
        "CAST(SUM(revenue_d30) AS DOUBLE) / SUM(installs) FROM campaign_roas "
        "WHERE install_date <= DATE '2026-09-30' AND revenue_d30 IS NOT NULL GROUP BY 1",
    ),
    Answered(
        "Installs per week in the last 12 weeks?",
        {"metric": "installs", "grain": "week", "last": "12w"},
        "SELECT DATE_TRUNC('week', install_date)::DATE, SUM(installs) FROM campaign_roas "
        "WHERE install_date >= DATE '2026-09-07' GROUP BY 1",
    ),
    Answered(
        "How many installs in November 2026?",
        {"metric": ["installs"], "start": "2026-11", "end": "2026-11"},
        "SELECT COUNT(*) FROM customers WHERE install_date BETWEEN '2026-11-01' AND '2026-11-30'",
    ),
    Answered(
        "What does an install cost, by campaign?",
        {"metric": "cpi", "by": '["campaign_id"]'},
        "SELECT campaign_id, cpi FROM campaign_summary WHERE cohort_cost > 0 AND installs > 0",
        _PARTIAL | _MIXED | _NO_SPEND,
    ),
    Answered(
        "Revenue so far of Google DE Performance Max?",
        {"metric": "revenue_to_date", "where": {"campaign": "Google DE Performance Max"}},
        "SELECT SUM(revenue_to_date) FROM campaign_roas "
        "WHERE campaign_id = 'google_de_performance_max'",
        _PARTIAL,
        says=('"Google DE Performance Max" was read as "google_de_performance_max"',),
    ),
    Answered(
        "D30 revenue per payer?",
        {"metric": "arppu_d30"},
        "SELECT CAST(SUM(roas.revenue_d30) AS DOUBLE) / SUM(ltv.payers_d30) "
        "FROM campaign_roas AS roas JOIN campaign_ltv AS ltv "
        "USING (install_date, campaign_id, country) WHERE roas.revenue_d30 IS NOT NULL "
        "AND (cost_complete OR campaign_id IN ('(organic)', '(unknown)'))",
        _PARTIAL,
    ),
    Answered(
        "Share of installs that come back on day 7?",
        {"metric": "retention_d7"},
        "SELECT CAST(SUM(retained_d7) AS DOUBLE) / SUM(installs) FROM campaign_ltv "
        "WHERE retained_d7 IS NOT NULL",
        _PARTIAL,
    ),
    Answered(
        "How many customers of each month buy again a month later?",
        {"metric": "retention_m1", "where": {"activity": "purchase"}, "grain": "month"},
        "SELECT cohort_month, retention_bounded FROM customer_retention "
        "WHERE activity = 'purchase' AND months_since_registration = 1",
        frozenset({"observed", "immature"}),
    ),
    Answered(
        "What are customers worth after six months, by cohort?",
        {"metric": "ltv_m6", "grain": "month"},
        "SELECT cohort_month, avg_ltv_m6 FROM ltv_by_cohort",
        frozenset({"observed", "immature"}),
    ),
    Answered(
        "What is a customer of each segment worth so far?",
        {"metric": "ltv", "by": ["segment"]},
        "SELECT COALESCE(segment, '(unknown)'), CAST(SUM(ltv) AS DOUBLE) / COUNT(*) "
        "FROM customer_ltv GROUP BY 1",
    ),
    Answered(
        "Customers by country?",
        {"metric": "customers", "by": ["country_code"], "order": "highest"},
        "SELECT country, COUNT(*) FROM customer_ltv GROUP BY 1",
        first="US",
    ),
    Answered(
        "Average order value by acquisition source?",
        {"metric": "avg_order_value", "by": ["acquisition_source"]},
        "SELECT COALESCE(acquisition_source, '(unknown)'), "
        "CAST(SUM(ltv) AS DOUBLE) / SUM(total_orders) FROM customer_ltv GROUP BY 1",
    ),
    Answered(
        "Which share of buyers has bought twice?",
        {"metric": "repeat_share"},
        "SELECT CAST(COUNT(*) FILTER (WHERE total_orders > 1) AS DOUBLE) / COUNT(*) "
        "FROM customer_ltv WHERE total_transactions > 0",
    ),
    Answered(
        "How much was refunded to customers?",
        {"metric": "refunds"},
        "SELECT SUM(refund_amount) FROM customer_ltv",
    ),
    Answered(
        "How many customers are in each RFM segment?",
        {"metric": "rfm_customers", "by": ["rfm_segment"]},
        "SELECT segment, COUNT(*) FROM rfm_segments GROUP BY 1",
    ),
    Answered(
        "What has a champion spent?",
        {"metric": "rfm_monetary", "where": {"rfm_segment": ["champions"]}},
        "SELECT CAST(SUM(monetary) AS DOUBLE) / COUNT(*) FROM rfm_segments "
        "WHERE segment = 'Champions'",
    ),
    Answered(
        "Cost per order of paid search, by model?",
        {"metric": "channel_cpo", "by": ["model"], "where": {"channel": ["Paid Search"]}},
        "SELECT model, CAST(SUM(cost) AS DOUBLE) / CAST(SUM(credit) AS DOUBLE) "
        "FROM channel_model_comparison WHERE channel_name = 'Paid Search' GROUP BY 1",
        _PARTIAL,
    ),
    Answered(
        "What do last click and IHC credit to each channel?",
        {
            "metric": "channel_conversions",
            "by": ["channel", "model"],
            "where": {"model": ["last", "ihc"]},
        },
        "SELECT channel_name, model, SUM(credit) FROM channel_model_comparison "
        "WHERE model IN ('last', 'ihc') GROUP BY ALL",
        _MIXED,
    ),
    Answered(
        "ROAS of channels?",
        {"metric": "channel_roas", "by": ["channel"]},
        "SELECT channel_name, CAST(SUM(ihc_revenue) AS DOUBLE) / CAST(NULLIF(SUM(cost), 0) AS "
        "DOUBLE) FROM channel_reporting GROUP BY 1",
        _PARTIAL | _NO_SPEND | _MIXED,
        says=("model = ihc (the default)",),
    ),
    Answered(
        "What did sessions of each channel cost?",
        {"metric": "channel_cost", "by": ["channel_name"]},
        "SELECT channel_name, SUM(cost) FROM channel_reporting GROUP BY 1",
    ),
    Answered(
        "What ROAS will campaigns have after 90 days?",
        {"metric": "predicted_roas_d90", "by": ["campaign"]},
        "SELECT campaign_id, CAST(SUM(predicted_revenue) AS DOUBLE) / CAST(SUM(spend) AS DOUBLE) "
        "FROM campaign_ltv_forecast WHERE horizon_days = 90 AND cost_complete "
        "AND predicted_revenue IS NOT NULL GROUP BY 1 HAVING SUM(spend) > 0",
        _PREDICTED | _MIXED | _NO_SPEND,
        says=("PREDICTED, contains a forecast", "Back-test of predicted_roas_d90"),
    ),
    Answered(
        "And of the Meta US installs of the week of 2 November, with interval?",
        {
            "metric": "predicted_ltv_d90",
            "by": ["campaign"],
            "where": {"campaign": ["meta_us_prospecting"]},
            "grain": "week",
            "start": "2026-11-02",
            "end": "2026-11-08",
        },
        "SELECT install_week, campaign_id, CAST(predicted_revenue AS DOUBLE) / installs "
        "FROM campaign_ltv_forecast WHERE horizon_days = 90 "
        "AND install_week = DATE '2026-11-02' AND campaign_id = 'meta_us_prospecting'",
        _PREDICTED,
        says=("80 % interval",),
    ),
    Answered(
        "What will today's customers bring in within 90 days, by segment?",
        {"metric": "expected_revenue_d90", "by": ["segment"]},
        "SELECT COALESCE(segment, '(unknown)'), SUM(expected_revenue_d90) FROM ltv_forecast "
        "GROUP BY 1",
        _PREDICTED,
    ),
    Answered(
        "When does each campaign pay back?",
        {"metric": "payback_day", "by": ["campaign"]},
        "SELECT campaign_id, payback_day FROM campaign_summary",
        frozenset({"observed", "immature", "no_denominator"}),
    ),
    Answered(
        "How many paid within 7 days, by campaign?",
        {"metric": "payers_d7", "by": ["campaign"]},
        "SELECT campaign_id, SUM(payers_d7) FROM campaign_ltv WHERE payers_d7 IS NOT NULL "
        "GROUP BY 1 UNION ALL SELECT 'ctv_awareness_pilot', 0",
        _MIXED,
    ),
    Answered(
        "D7 ROAS by ad network?",
        {"metric": "roas_d7", "by": ["media_source"], "where": {"country": ["US"]}},
        "WITH cohorts AS (SELECT campaign_id, SUM(revenue_d7) AS revenue, SUM(spend) AS spend "
        "FROM campaign_roas WHERE revenue_d7 IS NOT NULL AND cost_complete AND country = 'US' "
        "GROUP BY 1 HAVING SUM(spend) > 0) "
        "SELECT media_source, CAST(SUM(revenue) AS DOUBLE) / CAST(SUM(spend) AS DOUBLE) "
        "FROM cohorts JOIN campaign_summary USING (campaign_id) GROUP BY 1",
        _PARTIAL | _MIXED | _NO_SPEND,
    ),
)
