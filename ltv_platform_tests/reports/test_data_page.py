"""The data page: what is missing, freshness, quarantine, waiting rows and loads."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ltv_platform.reports.data_page import DATA, write_data_report
from ltv_platform_tests.reports.showing import Shown, shown
from ltv_platform_tests.testing.home import HEADERS, Home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Rows that wait for a rate or a customer, a rejected one, costs that end early."""
    home = Home(tmp_path_factory.mktemp("home"), horizons=(7,), start_date="2025-03-01")
    home.load("customers", "a,2025-03-01 10:00:00,US,ads,c1")
    home.load("campaign_costs", "c1,2025-03-01,US,5", "c2,2025-03-02,US,7")
    home.load(
        "transactions",
        "t1,a,2025-03-09 11:00:00,5,0,",
        "t2,a,2025-03-09 12:00:00,5,0,CHF",
        "t3,x,2025-03-08 11:00:00,5,0,",
        "t4,a,2025-03-08 11:00:00,secret@example.org,0,",
        header=HEADERS["transactions"] + ",currency",
    )
    home.publish()
    return home


def _report(home: Home) -> Shown:
    return Shown(write_data_report(home.settings).read_text("utf-8"))


def test_what_is_missing_stands_on_top(home: Home) -> None:
    """One sentence and what to do for each: sources, late feeds, waiting and rejected rows."""
    top = _report(home).text.partition("Which data is missing?")[2].partition("Freshness")[0]
    for gap in (
        "No session_sources are loaded: no channels and no attribution. ltv ingest session_sources",
        "campaign_costs are late: their newest event is of 2025-03-02.",
        "1 row of transactions waits for an exchange rate of CHF, from 2025-03-09 to 2025-03-09. "
        "ltv ingest fx_rates FILE",
        "1 row of transactions waits for a customer who is not loaded",
        "1 records are in quarantine: 1 of transactions. ltv quarantine list",
        "Campaign c2 has spend without installs.",
    ):
        assert gap in top


def test_a_reason_names_no_value(home: Home) -> None:
    """Values can be personal, and rows with the same fault belong together."""
    page = _report(home)
    assert "amount: … is not a number 1 transactions" in page.text
    assert "ltv quarantine replay transactions" in page.text
    assert "secret@example.org" not in page.text


def test_freshness_of_each_feed(home: Home) -> None:
    """A file reads no clock: late is what ends long before the figures. The dashboard has one."""
    page = _report(home)
    assert "transactions up to date 2025-03-09 12:00 0" in page.text
    assert "campaign_costs late 2025-03-02 7" in page.text
    assert "session_costs not loaded – –" in page.text
    later = home.under(now=datetime(2025, 3, 16, tzinfo=UTC))
    assert "transactions late 2025-03-09 12:00 0" in shown(later, DATA).text


def test_loads_come_newest_first(home: Home) -> None:
    """With what became of their rows."""
    loads = home.values("SELECT table_name FROM loads ORDER BY loaded_at DESC, table_name")
    text = _report(home).text.partition("Loads, newest first")[2]
    positions = [text.index(f" {table} ") for table in loads]
    assert positions == sorted(positions)
    assert "4 3 0 1 0" in text  # received, accepted, repeated, rejected, skipped


def test_blocking_checks_are_named(home: Home) -> None:
    """A published snapshot has passed them."""
    text = _report(home).text
    assert "This snapshot passed all" in text
    assert "daily_revenue_reconciles" in text


def test_nothing_published_is_said(tmp_path: Path) -> None:
    """With what to do."""
    assert "Nothing is published" in _report(Home(tmp_path)).text
