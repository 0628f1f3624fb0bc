"""The campaign report: its figures, its escaping, and its text if there is nothing to show.

The data is small enough to check by hand. As of 2025-03-31, in USD, with 24-hour windows:

* ``alpha``: 2 installs on 2025-01-06 for 10.00, revenue 12.00 on the second day and 8.00 on the
  eleventh; 1 install on 2025-03-26 for 5.00, revenue 3.00 on the second day, mature up to D3.
* ``bravo``: 40.00 spent on 2025-01-06 and nobody installed.
* ``charlie``: installs on 2025-01-07 and 2025-03-24 that cost nothing; the latter mature at D7.
* (organic): 1 install on 2025-01-06, revenue 6.00 − 1.00 within D7.
* nobody's: 7.00 of a customer that no file knows; a purchase in CHF that waits for a rate.
"""

import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.assets import build_graph
from ltv_platform.errors import UserError
from ltv_platform.ingestion.load import Request, ingest
from ltv_platform.ingestion.rows.start_date import read_start
from ltv_platform.published import snapshot
from ltv_platform.published.current import current_snapshot
from ltv_platform.refresh.build import build_table
from ltv_platform.reports import campaigns as report
from ltv_platform.reports.campaigns import (
    campaign_overview,
    cohort_overview,
    write_campaign_report,
)
from ltv_platform.reports.shell import NAVIGATION
from ltv_platform.settings import Settings
from ltv_platform.warehouse import planner
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine
from ltv_platform_tests.reports.page import Page

SCRIPT = "<script>alert(1)</script>"
ATTRIBUTE = "Bravo' onfocus=alert(2) x='"

FILES = {
    "campaigns": f"""campaign_id,campaign_name
alpha,{SCRIPT}
bravo,{ATTRIBUTE}
""",
    "customers": """customer_id,registration_date,country,acquisition_source,campaign_id
u1,2025-01-06 08:00:00,US,ads,alpha
u2,2025-01-06 22:00:00,US,ads,alpha
u3,2025-03-26 10:00:00,US,ads,alpha
u4,2025-01-07 10:00:00,DE,ads,charlie
u7,2025-03-24 10:00:00,DE,ads,charlie
u5,2025-01-06 10:00:00,DE,organic,
u6,not a date,DE,organic,
""",
    "transactions": """transaction_id,customer_id,transaction_date,amount,is_refund,currency
t1,u1,2025-01-07 09:00:00,12.00,0,
t2,u1,2025-01-16 09:00:00,8.00,0,
t3,u3,2025-03-27 11:00:00,3.00,0,
t4,u5,2025-01-08 11:00:00,6.00,0,
t5,u5,2025-01-09 11:00:00,1.00,1,
t6,nobody,2025-01-09 11:00:00,7.00,0,
t7,nobody,2025-01-09 11:00:00,9.00,0,CHF
t8,u2,2025-01-09 11:00:00,-9.00,0,
""",
    "campaign_costs": """date,campaign_id,cost,country
2025-01-06,alpha,10.00,US
2025-03-26,alpha,5.00,US
2025-01-06,bravo,40.00,
""",
}


def settings_of(home: Path, **overrides: Any) -> Settings:
    fixed = {"as_of": "2025-03-31", "now": "2025-04-01T00:00:00Z"}
    return Settings(home=home, **(fixed | overrides))


def build(settings: Settings) -> None:
    """Build all that is stale and publish it."""
    graph = build_graph(settings)
    engine = DuckDBEngine(settings, graph.catalog)
    plan = planner.plan(graph, engine.state(), read_start(settings), settings.today())
    for transform in graph.transforms:
        if transform.name in plan.assets:
            build_table(engine, transform, plan.days.get(transform.name))
    snapshot.publish(engine, graph)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose snapshot holds the data above."""
    folder = tmp_path_factory.mktemp("campaigns")
    settings = settings_of(folder / "home", horizons=(1, 3, 7, 14, 30))
    requests = []
    for table, text in FILES.items():
        path = folder / f"{table}.csv"
        path.write_text(text, "utf-8")
        requests.append(Request(table, path))
    engine = DuckDBEngine(settings, build_graph(settings).catalog)
    assert [str(outcome.error) for outcome in ingest(engine, requests) if outcome.error] == []
    build(settings)
    return settings.home


@pytest.fixture(scope="module")
def settings(home: Path) -> Settings:
    return settings_of(home, horizons=(1, 3, 7, 14, 30))


@pytest.fixture(scope="module")
def page(settings: Settings) -> Page:
    return Page(write_campaign_report(settings))


def test_a_campaign_shows_its_figures(page: Page) -> None:
    """Installs, spend, CPI, LTV D7 D30, ROAS D1 … D30, payback, ROAS to date."""
    *sums, cpi, ltv_d7, ltv_d30 = page.campaign(SCRIPT)[:5]
    assert [float(value) for value in (*sums, cpi, ltv_d7, ltv_d30)] == [3, 15, 5, 6, 10]
    assert page.campaign(SCRIPT)[5:-1] == ["0.0", "1.0", "1.2", "2.0", "2.0", "2 100 %"]
    assert float(page.campaign(SCRIPT)[-1]) == 23 / 15
    assert [float(value) for value in page.campaign("Bravo")[:2]] == [0, 40]
    assert page.campaign("Bravo")[2:] == ["", "", "", *["0.0"] * 5, "", "0.0"]
    assert page.campaign("charlie") == ["2", "", "", "0.0", "0.0", *[""] * 7]
    assert page.campaign("(organic)")[:5] == ["1", "", "", "5.0", "5.0"]


def test_total_is_the_ratio_of_the_sums(page: Page) -> None:
    """metrics.md section 1: never the mean of ratios; paid and blended apart.

    charlie cost nothing, so its two installs are not among the paid.
    """
    # D3: (12 + 3) / (10 + 5 + 40), D7: 12 / (10 + 40); organic adds 6 and, refunded, 5.
    assert page.campaign("Paid campaigns")[:3] == ["3", "55.00", "18.33"]
    assert [float(value) for value in page.campaign("Paid campaigns")[5:8]] == [0, 15 / 55, 12 / 50]
    blended = [float(value) for value in page.campaign("Blended, all installs")[5:8]]
    assert blended == [0, 21 / 55, 17 / 50]
    assert "20.00 revenue / 50.00 spend of mature cohorts" in page.text


def test_order_puts_few_cohorts_and_organic_last(page: Page) -> None:
    """By D30, which 91 % of the spend has reached, but only 67 % of that of the first campaign."""
    names = [row["Campaign"] for row in page.table("campaigns")]
    starts = ("Bravo", SCRIPT, "charlie", "(organic)", "Paid campaigns", "Blended")
    assert [name.startswith(start) for name, start in zip(names, starts, strict=True)] == [True] * 6


def test_missing_ratios_say_why(page: Page) -> None:
    """In words that a screen reader reads, not in a title that needs a mouse."""
    [charlie] = re.findall(r"<tr>\s*<th[^>]*>[^<]*<a[^>]*>charlie.*?</tr>", page.html, re.DOTALL)
    assert charlie.count("nothing to divide by") == 7
    assert charlie.count("no spend") == 3
    assert " not mature" in page.text
    assert not [tag for tag, attributes in page.tags if "title" in attributes]


def test_few_cohorts_are_marked_and_not_shaded(page: Page) -> None:
    """Regression: a D7 ROAS of 1.2 of 67 % of the spend was green, beside "no payback yet"."""
    [cell] = re.findall(
        r'<td class="([^"]*)"><data value="1.2" data-metric="roas_d7"[^>]*>(.*?)</td', page.html
    )[:1]
    assert cell[0].strip() == ""
    assert "◐" in cell[1]
    assert "covers less than 80 % of the whole" in cell[1]


def test_immature_cohort_is_blank_with_a_reading_to_date(page: Page) -> None:
    """The second 2025-03-24 row is that of alpha: mature at D3, not at D7."""
    assert page.row("2025-03-24", 1)[1:] == [
        "1", "5.00", "5.00",
        "0.00", "0.60", "", "", "",
        "0.00", "3.00", "", "", "",
        "5", "3.00", "0.60",
    ]  # fmt: skip


def test_week_is_immature_while_one_of_its_days_is(page: Page) -> None:
    """A ratio covers the installs and spend next to it: only alpha's, which has spend."""
    assert page.row("2025-03-24")[1:] == [
        "1", "5.00", "5.00",
        "0.00", "0.60", "", "", "",
        "0.00", "3.00", "", "", "",
        "5", "3.00", "0.60",
    ]  # fmt: skip


def test_curve_agrees_with_the_table(page: Page) -> None:
    """The oldest cohort's values at day N are cohort_roas_dN; alpha pays back on its second day."""
    labels = (a.get("aria-label") or "" for tag, a in page.tags if tag == "svg")
    label = next(label for label in labels if SCRIPT in label)
    assert label.endswith(": D7 1.20 · D30 2.00, payback day 2")


def test_a_line_keeps_its_cohorts(page: Page) -> None:
    """Both cohorts of alpha to day 5, (12 + 3) / 15; that of January alone to day 30, 20 / 10."""
    lines = {a["class"]: a["points"] for tag, a in page.tags if tag == "polyline"}
    assert [len((lines[name] or "").split()) for name in ("firm", "thin")] == [1 + 5, 1 + 30]
    assert "Line: 100 % of the spend, to day 5. Dashed: 67 %, to day 30." in page.text


def test_reconciliation_adds_up(page: Page) -> None:
    assert page.row("campaigns")[1:] == ["3", "23.00", "0.00", "23.00"]
    assert page.row("(organic)", -1)[1:] == ["2", "6.00", "1.00", "5.00"]
    assert page.row("(unknown) customer")[1:] == ["1", "7.00", "0.00", "7.00"]
    assert page.row("(waiting for rate)")[1:] == ["1", "–", "–", "–"]
    assert page.row("Total")[1:] == ["7", "36.00", "1.00", "35.00"]
    assert "Does not add up" not in page.text
    assert page.row("transactions")[1:4] == ["CHF", "1", "9.00"]
    assert page.row("transactions", 1)[1:] == ["1", "8", "7", "0", "1", "12.5 %"]
    assert page.row("customers")[1:] == ["1", "7", "6", "0", "1", "14.3 %"]


def test_a_country_shows_only_mature_cohorts(page: Page) -> None:
    """US: only the January cohort of alpha is mature at D7."""
    assert page.row("US")[1:] == ["1.20", "1.20", "10.00", "12.00", "3", "2", "1"]


def test_header_says_what_the_figures_know(page: Page, settings: Settings) -> None:
    published = current_snapshot(settings)
    assert published is not None
    for fact in ("2025-03-31", published.manifest["id"], "USD", "24 h from install"):
        assert fact in page.text


def test_names_cannot_become_markup(page: Page) -> None:
    """Campaign names come from files: neither an element nor an attribute may come of them."""
    assert SCRIPT not in page.html
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert not [name for _, attributes in page.tags for name in attributes if name[:2] == "on"]
    assert [name for _, a in page.tags if ATTRIBUTE in (name := a.get("aria-label") or "")]


def test_page_needs_nothing_from_elsewhere(page: Page) -> None:
    """Its links lead to itself and to the other pages, which are files beside it."""
    links = [a.get("href") or a.get("src") for _, a in page.tags if a.keys() & {"href", "src"}]
    others = {f"{name}.html" for name in NAVIGATION}
    assert others <= set(links)
    assert all(link.startswith(("#", "data:")) for link in links if link and link not in others)
    assert "url(" not in page.html
    assert "@import" not in page.html


def test_same_snapshot_gives_same_page(page: Page, settings: Settings) -> None:
    assert write_campaign_report(settings).read_text("utf-8") == page.html


def test_overviews_are_raw_rows(settings: Settings) -> None:
    columns, rows = campaign_overview(settings)
    assert ", ".join(columns) == (
        "campaign, installs, spend, CPI, LTV D7, LTV D30, ROAS D7, ROAS D30, payback day"
    )
    assert [row[0] for row in rows] == [SCRIPT, ATTRIBUTE, "charlie", "(organic)"]
    assert rows[0][1:] == (3, 15, 5.0, 6.0, 10.0, 1.2, 2.0, 2)
    assert rows[2][1:] == (2, None, None, 0.0, 0.0, None, None, None)
    columns, rows = cohort_overview(settings)
    assert ", ".join(columns) == (
        "month, campaign, installs, spend, CPI, LTV D7, ROAS D7, ROAS D30"
    )
    assert [row[:2] for row in rows] == [
        (date(2025, 1, 1), SCRIPT),
        (date(2025, 1, 1), ATTRIBUTE),
        (date(2025, 1, 1), "charlie"),
        (date(2025, 3, 1), SCRIPT),
        (date(2025, 3, 1), "charlie"),
    ]
    assert rows[0][2:] == (2, 10, 5.0, 6.0, 1.2, 2.0)
    assert rows[3][2:] == (1, 5, 5.0, None, None, None)


@pytest.mark.parametrize("horizons", [(7,), (7, 45, 180), (1, 7, 30)])
def test_horizons_that_are_not_there_are_left_out(home: Path, horizons: tuple[int, ...]) -> None:
    """Neither other horizons than the usual nor a snapshot older than the setting is an error."""
    settings = settings_of(home, horizons=horizons)
    page = Page(write_campaign_report(settings))
    shown = [n for n in horizons if n in (1, 3, 7, 14, 30)]
    assert len([n for n in page.table("campaigns")[0] if n.startswith("Observed ROAS")]) == len(
        shown
    )
    _, rows = campaign_overview(settings)
    assert rows[0][7] == (2.0 if 30 in shown else None)
    assert len(cohort_overview(settings)[1]) == 5


def test_long_spans_are_shown_by_month(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "_MOST_WEEKS", 2)
    page = Page(write_campaign_report(settings))
    assert page.row("2025-01")[1:4] == ["2", "50.00", "25.00"]
    assert page.row("2025-03")[1:4] == ["1", "5.00", "5.00"]


def test_nothing_published_says_what_to_do(tmp_path: Path) -> None:
    page = Page(write_campaign_report(settings_of(tmp_path)))
    for command in ("ltv ingest customers FILE", "ltv run", "ltv demo"):
        assert command in page.text
    with pytest.raises(UserError, match="ltv run"):
        campaign_overview(settings_of(tmp_path))


def test_empty_snapshot_says_what_to_do(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, horizons=(7,))
    build(settings)
    page = Page(write_campaign_report(settings))
    assert "ltv ingest customers FILE" in page.text
    assert campaign_overview(settings)[1] == cohort_overview(settings)[1] == []


def test_organic_users_alone_are_a_report(tmp_path: Path) -> None:
    """Shop data without campaigns: no spend, no curve, no division by nothing."""
    settings = settings_of(tmp_path / "home", as_of="2025-01-20", horizons=(7,))
    path = tmp_path / "customers.csv"
    path.write_text("customer_id,registration_date\nu1,2025-01-06\n", "utf-8")
    ingest(DuckDBEngine(settings, build_graph(settings).catalog), [Request("customers", path)])
    build(settings)
    page = Page(write_campaign_report(settings))
    [organic] = page.table("campaigns")[:1]
    assert [organic[name] for name in ("Installs", "Spend", "Installs CPI")] == ["1", "", ""]
    assert organic["Installs LTV D7"] == "0.0"
    assert "no known spend" in page.text
    assert "No campaign has a mature cohort" in page.text


def test_failed_write_leaves_the_last_page(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_campaign_report(settings)
    path.write_text("the last page", "utf-8")

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match="No space left"):
        write_campaign_report(settings)
    assert path.read_text("utf-8") == "the last page"
    left = [file.name for file in path.parent.iterdir() if file.name != ".lock"]
    assert left == [path.name]


def test_import_stays_light() -> None:
    """The command line imports it; pandas and Dagster would cost a second."""
    code = (
        "import sys, ltv_platform.reports.campaigns; "
        "print({'pandas', 'dagster', 'numpy', 'pyarrow'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
