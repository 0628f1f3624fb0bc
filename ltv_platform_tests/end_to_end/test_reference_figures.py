"""The published figures of real data, through the command line, against known results."""

import csv
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from ltv_platform_tests.testing.command_line import CommandLine

pytestmark = pytest.mark.slow(60)


@pytest.fixture(scope="module")
def leadtech(
    fresh_homes: Callable[[], CommandLine], reference_data: Path
) -> Callable[..., list[dict[str, object]]]:
    """Queries on LeadTech's data, loaded and built as of 2025-08-31."""
    ltv = fresh_homes()
    for file, table in (
        ("installs", "customers"),
        ("purchases", "transactions"),
        ("ad_costs", "campaign_costs"),
    ):
        source = reference_data / "leadtech" / f"{file}.csv"
        answer = ltv("ingest", table, source, "--adapter", f"leadtech_{file}")
        assert answer.code == 0, answer.err
    answer = ltv("run", as_of="2025-08-31")
    assert answer.code == 0, answer.err

    def query(sql: str) -> list[dict[str, object]]:
        result = ltv("query", sql, "--format", "json")
        assert result.code == 0, result.err
        rows: list[dict[str, object]] = json.loads(result.out)
        return rows

    query.ltv = ltv  # type: ignore[attr-defined]
    return query


def test_legacy_figures_equal_the_original_query(
    leadtech: Callable[..., list[dict[str, object]]], reference_data: Path
) -> None:
    """`ltv report leadtech` equals what the original SQL gave, to 1e-9."""
    answer = leadtech.ltv("report", "leadtech", "--format", "csv")  # type: ignore[attr-defined]
    with (reference_data / "leadtech" / "legacy_result.csv").open(newline="") as file:
        expected = list(csv.DictReader(file))
    given = list(csv.DictReader(io.StringIO(answer.out)))
    assert [(r["metric"], r["id"]) for r in given] == [(r["metric"], r["id"]) for r in expected]
    for ours, theirs in zip(given, expected, strict=True):
        assert float(ours["value"]) == pytest.approx(float(theirs["value"]), abs=1e-9)


def test_campaign_summary_of_leadtech(leadtech: Callable[..., list[dict[str, object]]]) -> None:
    """Each spent dollar once, every user counted: the figures of the data's README."""
    rows = leadtech(
        "SELECT campaign_id, total_revenue_d7, ltv_d7_per_user, total_cost_d7, roas_d7, "
        "cohort_roas_d7 FROM campaign_summary ORDER BY campaign_id"
    )
    assert [row["campaign_id"] for row in rows] == ["c1", "c2", "c3"]
    assert [row["total_revenue_d7"] for row in rows] == [78.95, 178.97, 48.97]
    assert [row["total_cost_d7"] for row in rows] == [500, 230, 345]
    assert [row["ltv_d7_per_user"] for row in rows] == pytest.approx(
        [19.7375, 59.6567, 16.3233], abs=5e-5
    )
    assert [row["roas_d7"] for row in rows] == pytest.approx([0.1579, 0.7781, 0.1419], abs=5e-5)
    assert [row["cohort_roas_d7"] for row in rows] == [row["roas_d7"] for row in rows]


def test_country_roas_of_leadtech(leadtech: Callable[..., list[dict[str, object]]]) -> None:
    """Spend by installs gives each country its own ROAS, and wasted spend stays where it is."""
    rows = leadtech("SELECT country, rank, roas_d7, spend_d7 FROM country_roas ORDER BY rank")
    best = {row["country"]: row["roas_d7"] for row in rows[:3]}
    assert best == pytest.approx({"CA": 1.7332, "IN": 0.2998, "US": 0.2694}, abs=5e-5)
    assert [row["spend_d7"] for row in rows if row["country"] == "(unknown)"] == [150]


def test_maturity_of_leadtech(leadtech: Callable[..., list[dict[str, object]]]) -> None:
    """All cohorts are mature up to D14; at D30 only that of 2025-08-01."""
    rows = leadtech(
        "SELECT install_date, bool_and(revenue_d14 IS NOT NULL) AS d14, "
        "bool_or(revenue_d30 IS NOT NULL) AS d30 FROM campaign_ltv GROUP BY 1 ORDER BY 1"
    )
    assert [row["d14"] for row in rows] == [True] * 4
    assert [row["install_date"] for row in rows if row["d30"]] == ["2025-08-01"]


def test_online_retail(ltv: CommandLine, reference_data: Path) -> None:
    """541,909 lines are accounted for; gross, refunds and net are the data's own."""
    file = reference_data / "online_retail" / "online_retail.csv.gz"
    answer = ltv("ingest", "transactions", file, "--adapter", "online_retail")
    assert answer.code == 0, answer.err
    answer = ltv("ingest", "customers", file, "--adapter", "online_retail_customers")
    assert answer.code == 0, answer.err
    assert ltv("run").code == 0
    answer = ltv(
        "query",
        "SELECT customer_id = '(guest)' AS guest, COUNT(*) AS lines, "
        "SUM(amount) FILTER (WHERE NOT is_refund) AS gross, "
        "SUM(amount) FILTER (WHERE is_refund) AS refunds FROM transactions GROUP BY 1 ORDER BY 1",
        "--format",
        "csv",
    )
    of_customers, of_guests = (line.split(",")[1:] for line in answer.out.splitlines()[1:])
    assert of_customers == ["406829", "8911407.904000", "611342.090000"]
    assert int(of_guests[0]) == 135_080
    assert Decimal(of_guests[1]) - Decimal(of_guests[2]) == Decimal("1447682.12")
    again = ltv("ingest", "transactions", file, "--adapter", "online_retail")
    assert again.code == 0
    assert "nothing changed" in again.err
    assert "Nothing is stale." in ltv("run").err


def test_cdnow(ltv: CommandLine, reference_data: Path) -> None:
    """69,659 rows, the repeated lines counted, 23,570 customers, every cent, and BG/NBD."""
    file = reference_data / "cdnow" / "CDNOW_master.txt"
    assert ltv("ingest", "transactions", file, "--adapter", "cdnow").code == 0
    assert ltv("ingest", "customers", file, "--adapter", "cdnow_customers").code == 0
    assert ltv("run").code == 0
    answer = ltv(
        "query",
        "SELECT (SELECT COUNT(*) FROM transactions), (SELECT COUNT(*) FROM customers), "
        "(SELECT SUM(amount) FROM transactions), "
        "(SELECT SUM(net_revenue) FROM revenue_reconciliation)",
        "--format",
        "csv",
    )
    assert answer.out.splitlines()[1] == "69659,23570,2500315.630000,2500315.630000"
    answer = ltv(
        *("forecast", "fit", "--model", "bgnbd", "--as-of", "1997-09-30", "--unit", "week"),
        *("--format", "json"),
    )
    [model] = json.loads(answer.out)
    assert model["customers"] == 23_570
    assert list(model["parameters"]) == ["r", "alpha", "a", "b"]
    assert list(model["parameters"].values()) == pytest.approx(
        [0.2516, 4.7889, 0.7234, 2.1611], abs=5e-5
    )
    assert model["log_likelihood"] == pytest.approx(-95_368.44, abs=0.005)
