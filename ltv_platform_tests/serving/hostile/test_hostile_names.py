"""Hostile names that came with the data: shown as text on every page, and harmless in CSV."""

import csv
import io
import re
from collections.abc import Iterator, Mapping

import pytest
from starlette.testclient import TestClient

from ltv_platform.reports.dashboard import pages
from ltv_platform.reports.shell import FIRST, write_report
from ltv_platform_tests.serving.hostile.verdicts import page_fault
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.http import client

#: In the form of a name of a campaign, a channel, a segment and so on.
_NAMES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</title></style></svg><script>alert(1)</script>",
    "javascript:alert(1)//",
    '=HYPERLINK("http://evil.example";"x")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "{{ 7 * 7 }}",
)
_NUMBER = re.compile(r"[-+]?[\d.]+(e[-+]?\d+)?", re.IGNORECASE)


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


@pytest.fixture(scope="module")
def hostile_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Customers of hostile campaigns, channels and segments, who bought and cost something."""
    home = Home(tmp_path_factory.mktemp("names") / "home", start_date="2025-01-01")
    numbered = [(number, _quoted(name)) for number, name in enumerate(_NAMES)]
    home.load(
        "customers",
        *(
            f"c{number}{who},2025-01-{number + 1:02} 10:00:00,US,{name},{name},{name}"
            for number, name in numbered
            for who in "abcd"
        ),
        header="customer_id,registration_date,country,acquisition_source,campaign_id,segment",
    )
    home.load("campaigns", *(f"{name},{name}" for _, name in numbered))
    home.load(
        "transactions",
        *(
            f"t{number}{who}{month},c{number}{who},2025-{month:02}-{number + 1:02} 11:00:00,5,0"
            for number, _ in numbered
            for who in "abcd"
            for month in (1, 2, 3)
        ),
    )
    home.load(
        "campaign_costs", *(f"{name},2025-01-{number + 1:02},US,7" for number, name in numbered)
    )
    home.load(
        "session_sources",
        *(
            f"s{number},c{number}a,{name},2025-01-{number + 1:02},09:00:00,1,1"
            for number, name in numbered
        ),
    )
    home.load("session_costs", *(f"s{number},3" for number, _ in numbered))
    home.load(
        "conversions",
        *(f"v{number},c{number}a,2025-01-{number + 1:02},12:00:00,5" for number, _ in numbered),
    )
    home.publish()
    return home


@pytest.fixture(scope="module")
def asking(hostile_home: Home) -> Iterator[TestClient]:
    """A client of the server on it."""
    with client(hostile_home.settings) as asking:
        yield asking


def _pages(home: Home) -> Mapping[str, str]:
    """Path of each page by its name, without all the pages of metrics but some."""
    names = [name for name in pages(home.settings) if "/" not in name]
    some = [name for name in pages(home.settings) if "/" in name][::10]
    return {name: "/" if name == FIRST else f"/{name}" for name in (*names, *some)}


def test_pages_show_hostile_names_as_text(hostile_home: Home, asking: TestClient) -> None:
    """On every page, with a filter for such a name, and in the title of every chart."""
    shown = set()
    for page, path in _pages(hostile_home).items():
        for filters in ({}, {"campaign": _NAMES[0]}, {"campaign": _NAMES[1]}):
            answer = asking.get(path, params=filters)
            # Not every metric has campaigns.
            assert answer.status_code == 200 or ("/" in page and filters), page
            assert page_fault(answer.text) == "", page
            shown |= {name for name in ("&lt;script&gt;alert", "HYPERLINK") if name in answer.text}
    assert len(shown) == 2


def test_csv_of_pages_holds_no_formula(hostile_home: Home, asking: TestClient) -> None:
    """A spreadsheet must not compute what somebody named a campaign."""
    seen = 0
    for page, path in _pages(hostile_home).items():
        html = asking.get(path).text
        for table in dict.fromkeys(re.findall(r"table=([\w-]+)", html)):
            answer = asking.get(f"/{page}.csv", params={"table": table})
            assert answer.status_code == 200, (page, table)
            for row in csv.reader(io.StringIO(answer.text)):
                for cell in row:
                    seen += "HYPERLINK" in cell
                    assert not cell.startswith(("=", "@", "+")), (page, table, cell)
                    assert not cell.startswith("-") or _NUMBER.fullmatch(cell), (page, table, cell)
    assert seen


def test_reports_show_hostile_names_as_text(hostile_home: Home) -> None:
    """As files, too."""
    for name in _pages(hostile_home):
        if "/" not in name:
            page = pages(hostile_home.settings)[name]
            html = write_report(page, hostile_home.settings).read_text("utf-8")
            assert page_fault(html) == "", name
