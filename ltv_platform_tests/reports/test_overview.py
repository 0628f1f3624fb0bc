"""The first page: verdicts, headline figures with the period before, changes, data health."""

import shutil
from pathlib import Path

import pytest

from ltv_platform.reports.dashboard import write_reports
from ltv_platform.reports.overview import OVERVIEW
from ltv_platform.reports.shell import NAVIGATION, write_report
from ltv_platform_tests.reports.page import Page
from ltv_platform_tests.testing.home import CAMPAIGNS, Home

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two campaigns: one earns its spend back, one is spent on without an install."""
    folder = tmp_path_factory.mktemp("overview")
    home = Home(folder, groups=CAMPAIGNS, as_of="2025-03-31")
    home.load(
        "customers",
        *(f"a{n},2025-03-{n:02} 10:00:00,US,ads,alpha" for n in range(1, 29)),
        *(f"b{n},2025-02-{n:02} 10:00:00,US,ads,alpha" for n in range(1, 29)),
    )
    home.load(
        "transactions",
        *(f"t{n},a{n},2025-03-{n:02} 11:00:00,5,0" for n in range(1, 29)),
        *(f"u{n},b{n},2025-02-{n:02} 11:00:00,4,0" for n in range(1, 29)),
    )
    home.load(
        "campaign_costs",
        *(f"alpha,2025-03-{n:02},US,2" for n in range(1, 32)),
        *(f"alpha,2025-02-{n:02},US,1" for n in range(1, 29)),
        f"{SCRIPT},2025-02-01,US,100",
    )
    home.publish()
    return home


@pytest.fixture(scope="module")
def page(first: Home) -> Page:
    return Page(write_report(OVERVIEW, first.settings))


def test_headlines_stand_beside_the_period_before(page: Page) -> None:
    """The newest 28 days, 4 to 31 March, and the 28 before: 4 February to 3 March."""
    words = "".join(page.text.split())
    assert "theperiodbefore:2025-02-04to2025-03-03" in words
    assert "Installs25−11%from28" in words
    assert "Spend,USD56.00+81%from31.00" in words
    assert "Revenue,USD125.00+9%from115.00" in words


def test_figures_have_their_exact_values(page: Page) -> None:
    """So that programs and tests compare pages with the API."""
    figures = [a for tag, a in page.tags if tag == "data"]
    assert {"net_revenue", "spend", "installs", "cpi", "ltv_d7", "roas_d7"} == {
        a["data-metric"] for a in figures
    }
    assert all(a["data-state"] for a in figures)


def test_names_cannot_become_markup(page: Page) -> None:
    """Names of campaigns come from files."""
    assert SCRIPT not in page.html
    assert SCRIPT in page.text


def test_without_an_earlier_snapshot_nothing_is_compared(page: Page) -> None:
    """The page says so instead of showing no changes."""
    assert "No earlier snapshot is kept" in page.text


def test_changes_are_those_since_the_snapshot_before(first: Home, tmp_path: Path) -> None:
    """A late purchase restates its cohort; a new day is no restatement."""
    shutil.copytree(first.settings.home, tmp_path / "home")
    home = Home(tmp_path / "home", groups=CAMPAIGNS, as_of="2025-04-01")
    home.load("transactions", "late,b3,2025-02-03 12:00:00,50,0")
    home.load("campaign_costs", "alpha,2025-04-01,US,2")
    home.publish()
    page = Page(write_report(OVERVIEW, home.settings))
    words = " ".join(page.text.split())
    assert "Restated: figures of 1 install date that were complete are different now" in words
    assert "2025-02-03 (D7 revenue 4.00 → 54.00)" in words
    assert "New install dates: 2025-04-01." in words
    rows = {row["What"]: row for row in page.table("changes-table")}
    assert rows["Net revenue"] == {
        "What": "Net revenue", "Now": "302.00", "Change": "'+50.00", "Before": "252.00",
    }  # fmt: skip
    assert rows["Customers"]["Change"] == "none"
    [moved] = page.table("moves")
    assert moved["Campaign"] == "alpha"


def test_a_snapshot_without_events_or_campaigns_is_a_page(tmp_path: Path) -> None:
    """No division by nothing, and no verdict about nobody."""
    empty = Home(tmp_path / "empty", groups=CAMPAIGNS)
    empty.publish()
    assert "has no events yet" in Page(write_report(OVERVIEW, empty.settings)).text
    organic = Home(tmp_path / "organic", groups=CAMPAIGNS, as_of="2025-03-31")
    organic.load("customers", "a,2025-03-01 10:00:00,US,organic,")
    organic.load("transactions", "t,a,2025-03-20 10:00:00,5,0")
    organic.publish()
    page = Page(write_report(OVERVIEW, organic.settings))
    words = "".join(page.text.split())
    assert "Revenue,USD5.00" in words
    assert not [a for tag, a in page.tags if a.get("id") == "verdicts"]


def test_nothing_published_says_what_to_do(tmp_path: Path) -> None:
    """A new home has no figures, but its pages exist and lead to each other."""
    home = Home(tmp_path, groups=CAMPAIGNS, as_of="2025-03-31")
    path = write_reports(home.settings)
    assert path.name == "overview.html"
    page = Page(path)
    assert "ltv ingest customers FILE" in page.text
    links = {a.get("href") for tag, a in page.tags if tag == "a"}
    assert {f"{name}.html" for name in NAVIGATION} <= links
