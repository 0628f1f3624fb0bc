"""Questions of the exam about the sample's truths and about the data itself."""

from collections import Counter

from ltv_platform_tests.agents.exam import Given, Looked, Sql, answered_values


def _rows(content: Given) -> dict[str, float]:
    return {key[0]: value for key, value in answered_values(content).items()}


def _installs_by_country(content: Given, truths: Given, _: Sql) -> None:
    assert _rows(content) == truths["installs_by_country"]


def _spend_by_campaign(content: Given, truths: Given, _: Sql) -> None:
    spent = {name: float(text) for name, text in truths["spend_by_campaign"].items()}
    assert _rows(content) == {name: value for name, value in spent.items() if value}


def _spend(content: Given, truths: Given, _: Sql) -> None:
    assert answered_values(content) == {(): float(truths["spend"])}


def _customers(content: Given, truths: Given, _: Sql) -> None:
    assert answered_values(content) == {(): truths["customers"]}


def _as_of(content: Given, truths: Given, _: Sql) -> None:
    assert content["as_of"] == truths["parameters"]["as_of"]
    assert {feed["name"]: feed["late"] for feed in content["feeds"]} == dict.fromkeys(
        (
            *("campaign_costs", "conversions", "customer_interactions", "customers"),
            *("session_sources", "transactions"),
        ),
        False,
    )


def _quarantine(content: Given, truths: Given, _: Sql) -> None:
    planted = {
        name: table["dirty"] + table["before_start"] for name, table in truths["tables"].items()
    }
    assert content["by_table"] == planted
    assert content["rows"] == sum(planted.values())


def _reasons(content: Given, truths: Given, _: Sql) -> None:
    planted = Counter[str]()
    for kind in truths["dirty_rows"]["transactions"]:
        planted[kind["column"]] += kind["rows"]
    # The row before the first partition is not dirty, and is rejected for its date as well.
    planted["transaction_date"] += truths["tables"]["transactions"]["before_start"]
    found = Counter[str]()
    for group in content["reasons"]:
        assert group["table"] == "transactions"
        found[group["column"]] += group["rows"]
    assert found == planted
    reasons = " ".join(group["reason"] for group in content["reasons"])
    assert "2025-13-45" not in reasons
    assert "quarantine list" not in reasons, "every reason of the sample is known"


def _table(content: Given, _: Given, sql: Sql) -> None:
    assert content["rows"] == sql("SELECT COUNT(*) FROM customer_ltv")[0][0]
    assert content["key"] == ["customer_id"]
    assert [c["name"] for c in content["columns"] if c["personal"]] == ["customer_id"]


def _google(content: Given, _: Given, sql: Sql) -> None:
    assert content["names"] == dict(
        sql(
            "SELECT campaign_id, campaign_name FROM campaign_summary "
            "WHERE campaign_name LIKE 'Google%'"
        )
    )


def _d90(content: Given, _: Given, sql: Sql) -> None:
    [days] = sql("SELECT MIN(install_date), MAX(install_date) FROM campaign_roas")
    assert (content["first_day"], content["last_day"]) == tuple(day.isoformat() for day in days)
    assert "lived 90 full days" in content["immature"]
    assert content["similar"] == ["predicted_roas_d90"]


def _of_channels(content: Given, _: Given, __: Sql) -> None:
    names = [name for family in content["families"] for name in family["names"]]
    assert names == [
        *("channel_cost", "channel_conversions", "channel_revenue", "channel_cpo", "channel_roas")
    ]


QUERY = "query_metric"
LOOKED = (
    Looked(
        "Where do installs come from?",
        QUERY,
        {"metric": "installs", "by": ["country"]},
        _installs_by_country,
    ),
    Looked(
        "What did each campaign cost?",
        QUERY,
        {"metric": "spend", "by": ["campaign"]},
        _spend_by_campaign,
    ),
    Looked("What did we spend?", QUERY, {"metric": "spend"}, _spend),
    Looked("How many customers have installed?", QUERY, {"metric": "installs"}, _customers),
    Looked("Up to which day are the figures, and what is late?", "freshness", {}, _as_of),
    Looked("How many rows are quarantined?", "quarantine_summary", {}, _quarantine),
    Looked(
        "Why are transactions quarantined?",
        "quarantine_summary",
        {"table": "transactions"},
        _reasons,
    ),
    Looked("What is in customer_ltv?", "describe_table", {"table": "customer_ltv"}, _table),
    Looked(
        "Which Google campaigns are there?",
        "list_dimension_values",
        {"metric": "installs", "dimension": "campaign", "search": "google"},
        _google,
    ),
    Looked("When is D90 ROAS known?", "describe_metric", {"metric": "roas_d90"}, _d90),
    Looked("What is known about channels?", "list_metrics", {"dimension": "channel"}, _of_channels),
)
