"""Questions of the exam that must be refused, each with its reason."""

from ltv_platform_tests.agents.exam import Refused

REFUSED = (
    Refused(
        "What is the D90 ROAS of last month's Google installs in Germany?",
        {
            "metric": "roas_d90",
            "where": {"campaign": ["google_de_performance_max"], "country": ["DE"]},
            "last": "30d",
        },
        "roas_d90 of 2026-10-31 to 2026-11-29 is not known yet",
        "roas_d14, predicted_roas_d90",
    ),
    Refused(
        "D7 ROAS by channel?",
        {"metric": "roas_d7", "by": ["channel"]},
        "roas_d7 has no dimension 'channel'; it has: campaign, country, media_source.",
        "channel_roas",
    ),
    Refused(
        "What is the average of the campaigns' D7 ROAS?",
        {"metric": "avg(roas_d7)", "by": ["campaign"]},
        "A mean or sum of roas_d7 means nothing",
        "the ratio of the sums",
    ),
    Refused(
        "What will we spend in January 2027?",
        {"metric": "spend", "start": "2027-01", "end": "2027-01"},
        "The data ends on 2026-11-29, before 2027-01-01.",
        "predicted metrics",
    ),
    Refused(
        "Installs of GOOGLE US SEARCH BRAND?",
        {"metric": "installs", "where": {"campaign": ["GOOGLE US SEARCH BRAND"]}},
        "There is no campaign 'GOOGLE US SEARCH BRAND' in the data.",
        "Did you mean 'google_us_search_brand'",
    ),
    Refused(
        "Conversions of first and last click together?",
        {"metric": "channel_conversions", "where": {"model": ["first", "last"]}},
        "Figures of several values of model do not add up.",
        "Group by model",
    ),
    Refused(
        "When do all campaigns together pay back?",
        {"metric": "payback_day"},
        "payback_day of several campaigns together is not known",
        "by campaign, or for roas_to_date",
    ),
    Refused(
        "Who are our ten best customers?",
        {"metric": "ltv", "by": ["customer_id"], "order": "highest", "limit": 10},
        "Figures of single persons are not available: customer_id is personal data.",
        "by segment",
    ),
    Refused(
        "Select it with SQL.",
        {"sql": "SELECT * FROM customer_ltv ORDER BY ltv DESC LIMIT 10"},
        "Free SQL is off",
        "LTV_MCP_SQL=true",
        tool="query_sql",
    ),
    Refused(
        "Load these transactions.",
        {"table": "transactions", "rows": [{"transaction_id": "t", "amount": 1}]},
        "There is no tool 'ingest'; all tools only read.",
        "query_metric",
        tool="ingest",
    ),
    Refused(
        "What was our D7 ROAS as of the end of June?",
        {"metric": "roas_d7", "as_of": "2026-06-30"},
        "The published figures are as of 2026-11-29, not 2026-06-30.",
        "LTV_AS_OF=2026-06-30",
    ),
    Refused(
        "Payback by week?",
        {"metric": "payback_day", "by": ["campaign"], "grain": "week"},
        "payback_day belongs to no day",
        "roas_to_date",
    ),
    Refused(
        "What is our profit?",
        {"metric": "profit"},
        "There is no metric 'profit'.",
        "Did you mean profit_to_date?",
    ),
    Refused(
        "Installs in 2020?",
        {"metric": "installs", "start": "2020", "end": "2020"},
        "install date is 2025-08-27 to 2026-11-29",
        "Ask for days from",
    ),
    Refused(
        "D7 ROAS of Atlantis?",
        {"metric": "roas_d7", "where": {"country": "Atlantis"}},
        "There is no country 'Atlantis' in the data.",
        "'DE'",
    ),
)
