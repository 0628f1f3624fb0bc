"""The reference data through the bundled adapters: every line accounted for, every sum exact.

The figures are those of the data's README.
"""

from decimal import Decimal
from pathlib import Path

from ltv_platform.ingestion.load import Request, ingest, sqlite_requests
from ltv_platform.warehouse.engine import LoadCounts
from ltv_platform_tests.testing.loader import Loader, assert_adds_up


def load_all(load: Loader, *requests: Request) -> list[LoadCounts]:
    """Ingest, one call per file; the counts."""
    counts = []
    for request in requests:
        [outcome] = ingest(load.engine, [request])
        assert outcome.error is None, outcome.error
        assert outcome.counts is not None
        assert not outcome.repeated
        assert_adds_up(outcome.counts)
        counts.append(outcome.counts)
    assert all(outcome.repeated for outcome in ingest(load.engine, requests))
    return counts


def test_online_retail(load: Loader, reference_data: Path) -> None:
    """541,909 lines, those without a customer of guests; gross, refunds and net."""
    path = reference_data / "online_retail" / "online_retail.csv.gz"
    lines, people = load_all(
        load,
        Request("transactions", path, "online_retail"),
        Request("customers", path, "online_retail_customers"),
    )
    assert (lines.rows_in_file, lines.rows_skipped) == (541_909, 0)
    assert (lines.rows_accepted, lines.rows_quarantined) == (541_909, 0)
    assert (people.rows_in_file, people.rows_skipped) == (541_909, 537_537)
    assert people.rows_accepted == 4_372
    assert load.rows(
        "SELECT SUM(amount) FILTER (WHERE NOT is_refund), SUM(amount) FILTER (WHERE is_refund), "
        "COUNT(DISTINCT transaction_id) FROM raw.transactions WHERE customer_id <> '(guest)'"
    ) == [(Decimal("8911407.904"), Decimal("611342.090"), 406_829)]
    assert load.rows(
        "SELECT COUNT(*), SUM(CASE WHEN is_refund THEN -amount ELSE amount END) "
        "FROM raw.transactions WHERE customer_id = '(guest)'"
    ) == [(135_080, Decimal("1447682.12"))]


def test_cdnow_master(load: Loader, reference_data: Path) -> None:
    """69,659 purchases, its 255 exactly repeated lines counted; 23,570 customers."""
    path = reference_data / "cdnow" / "CDNOW_master.txt"
    purchases, people = load_all(
        load,
        Request("transactions", path, "cdnow"),
        Request("customers", path, "cdnow_customers"),
    )
    assert (purchases.rows_in_file, purchases.rows_accepted) == (69_659, 69_659)
    assert (people.rows_accepted, people.rows_skipped) == (23_570, 46_089)
    assert load.rows(
        "SELECT SUM(amount), COUNT(*) FILTER (WHERE amount = 0), MIN(line), MAX(line) "
        "FROM raw.transactions"
    ) == [(Decimal("2500315.63"), 80, 2, 69_660)]


def test_cdnow_sample(load: Loader, reference_data: Path) -> None:
    """6,919 purchases of 2,357 customers, in a file without a header."""
    path = reference_data / "cdnow" / "CDNOW_sample.txt"
    purchases, people = load_all(
        load,
        Request("transactions", path, "cdnow_sample"),
        Request("customers", path, "cdnow_sample_customers"),
    )
    assert (purchases.rows_in_file, purchases.rows_accepted) == (6_919, 6_919)
    assert people.rows_accepted == 2_357
    assert load.rows("SELECT MIN(line), MAX(line) FROM raw.transactions") == [(1, 6_919)]


def test_leadtech(load: Loader, reference_data: Path) -> None:
    """Ten users, three campaigns."""
    folder = reference_data / "leadtech"
    installs, purchases, costs = load_all(
        load,
        Request("customers", folder / "installs.csv", "leadtech_installs"),
        Request("transactions", folder / "purchases.csv", "leadtech_purchases"),
        Request("campaign_costs", folder / "ad_costs.csv", "leadtech_ad_costs"),
    )
    assert (installs.rows_accepted, purchases.rows_accepted, costs.rows_accepted) == (10, 11, 10)
    assert load.rows(
        "SELECT campaign_id, SUM(cost) FROM raw.campaign_costs GROUP BY ALL ORDER BY ALL"
    ) == [("c1", Decimal(500)), ("c2", Decimal(230)), ("c3", Decimal(345))]


def test_attribution_database(load: Loader, reference_data: Path) -> None:
    """SQLite, compressed: 49,908 sessions, 2,000 conversions and their sums."""
    path = reference_data / "ihc" / "challenge.db.gz"
    counts = load_all(load, *sqlite_requests(load.engine, path))
    assert {each.table_name: each.rows_accepted for each in counts} == {
        "session_sources": 49_908,
        "conversions": 2_000,
        "session_costs": 43_092,
    }
    assert load.rows(
        "SELECT (SELECT ROUND(SUM(cost), 3) FROM raw.session_costs), "
        "(SELECT SUM(revenue) FROM raw.conversions)"
    ) == [(Decimal("293876.849"), Decimal("112602.07"))]
