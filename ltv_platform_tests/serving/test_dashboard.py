"""The pages as the server shows them: filters, parts, CSV, errors, and figures of the catalogue."""

import re
import time
from datetime import date
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ltv_platform.metrics import Question, query
from ltv_platform.published.live import LiveSnapshot
from ltv_platform.reports.shell import Page
from ltv_platform.serving import dashboard
from ltv_platform.serving.tokens import create_token
from ltv_platform.settings import Settings
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.http import client

_FIGURE = re.compile(r'<data value="([^"]*)" data-metric="(\w+)" data-state="(\w+)">')


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two campaigns in two countries."""
    home = Home(tmp_path_factory.mktemp("dashboard") / "home", as_of="2025-03-31")
    home.load(
        "customers",
        *(f"a{n},2025-02-{n:02} 10:00:00,US,ads,alpha" for n in range(1, 20)),
        *(f"b{n},2025-02-{n:02} 10:00:00,DE,ads,bravo" for n in range(1, 20)),
    )
    home.load(
        "transactions",
        *(f"t{n},a{n},2025-02-{n:02} 11:00:00,5,0" for n in range(1, 20)),
        *(f"u{n},b{n},2025-02-{n:02} 11:00:00,1,0" for n in range(1, 20)),
    )
    home.load(
        "campaign_costs",
        *(f"alpha,2025-02-{n:02},US,2" for n in range(1, 20)),
        *(f"bravo,2025-02-{n:02},DE,3" for n in range(1, 20)),
        "alpha,2025-03-30,US,1",
    )
    home.publish()
    return home


@pytest.fixture
def browser(home: Home) -> TestClient:
    return client(home.settings)


@pytest.mark.parametrize(
    "path", ["/", "/campaigns", "/channels", "/customers", "/forecasts", "/metrics/roas_d7"]
)
def test_every_page_is_there(browser: TestClient, path: str) -> None:
    """With its frame, its filters and one script of ours."""
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>" in answer.text
    assert answer.text.count("<script") == 1
    assert 'aria-label="Pages"' in answer.text


def test_figures_are_those_of_the_catalogue(browser: TestClient, home: Home) -> None:
    """Value by value, for the filters of the address."""
    page = browser.get("/campaigns?country=US&from=2025-02-01&to=2025-02-10").text
    row = page.partition('<table id="campaigns">')[2].partition("<tbody>")[2].partition("</tr>")[0]
    shown = {metric: value for value, metric, _ in _FIGURE.findall(row)}
    assert {"spend", "installs", "roas_d7", "ltv_d7"} <= shown.keys()
    live = LiveSnapshot(home.settings)
    with live.reading() as reading:
        where = {"country": ("US",), "campaign": ("alpha",)}
        question = Question(
            tuple(shown), where=where, start=date(2025, 2, 1), end=date(2025, 2, 10)
        )
        answer = query(home.settings, reading, question)
    live.close()
    cells = answer.rows[0].cells
    assert shown == {
        name: "" if cells[name].value is None else str(cells[name].value) for name in shown
    }


def test_a_part_is_the_page_without_its_frame(browser: TestClient) -> None:
    """What the script swaps."""
    whole = browser.get("/campaigns?grain=month").text
    answer = browser.get("/campaigns?grain=month", headers={"X-Part": "main"})
    assert "<html" not in answer.text
    assert answer.text.strip() in whole
    assert "x-part" in answer.headers["vary"].lower()


def test_a_filter_that_means_nothing_is_said(browser: TestClient) -> None:
    """As a page with the reason, not as figures of everything."""
    for address, words in (
        ("/campaigns?from=tomorrow", "which is not a date"),
        ("/campaigns?contry=US", "There is no filter"),
        ("/campaigns?country=Atlantis", "No cohort matches these filters"),
        ("/campaigns?sort=nonsense", "There is no column"),
    ):
        answer = browser.get(address)
        assert words in answer.text, address
        assert answer.status_code == (200 if "Atlantis" in address else 400), address


def test_a_table_is_one_click_from_its_csv(browser: TestClient) -> None:
    """The link of the page, with its filters."""
    page = browser.get("/campaigns?country=DE").text
    [link] = re.findall(r'href="(campaigns\.csv\?[^"]*table=campaigns)"', page)
    answer = browser.get(f"/{link.replace('&amp;', '&')}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    heading, bravo, *totals = answer.text.splitlines()
    assert heading.startswith("Campaign,")
    assert bravo.startswith("bravo")
    assert len(totals) == 2
    assert browser.get("/campaigns.csv?table=none").status_code == 404


def test_before_anything_is_published_pages_say_what_to_do(settings: Settings) -> None:
    """A new server is no broken server."""
    for path in ("/", "/campaigns"):
        answer = client(settings).get(path)
        assert answer.status_code == 200
        assert "Nothing is published" in answer.text


def test_pages_need_a_token_once_there_are_any(home: Home, tmp_path: Path) -> None:
    """The page, its part and its CSV."""
    other = Home(tmp_path / "home", as_of="2025-03-31")
    token = create_token(other.settings, "reader", ("READ:dashboard",))
    asking = client(other.settings)
    for path in ("/", "/campaigns", "/campaigns.csv?table=campaigns"):
        assert asking.get(path).status_code == 403
    assert asking.get("/", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_the_first_pages_are_ready_before_anybody_asks(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rendering takes a while: nobody waits for it after each publication."""
    drawn: list[str] = []

    def noted(page: Page, *arguments: object, is_part: bool) -> str:
        drawn.append(page.name)
        return f"the page {page.name}"

    monkeypatch.setattr(dashboard, "rendered", noted)
    with client(home.settings) as asking:
        give_up = time.monotonic() + 60
        while len(drawn) < 2 and time.monotonic() < give_up:
            time.sleep(0.05)
        assert drawn == ["overview", "campaigns"]
        assert asking.get("/").text == "the page overview"
        assert asking.get("/campaigns").text == "the page campaigns"
        assert len(drawn) == 2
