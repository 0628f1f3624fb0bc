"""The page of every metric: its figures are those of the catalogue; refusals lead on."""

import csv
import io
from datetime import date
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from ltv_platform.metrics import Answer, Grain, catalogue
from ltv_platform.reports.dashboard import pages
from ltv_platform.reports.filters import Filters
from ltv_platform.reports.metric_pages import FOLDER, INDEX
from ltv_platform.reports.screen_csv import table_csv
from ltv_platform.reports.shell import Page
from ltv_platform.settings import Settings
from ltv_platform_tests.reports.showing import answer_of, html_of, shown
from ltv_platform_tests.testing.home import Home

_TABLE = "value-table"


def _page(home: Home, name: str) -> Page:
    return pages(home.settings)[f"{FOLDER}/{name}"]


def _figures(answer: Answer) -> list[tuple[str, str, str]]:
    [metric] = answer.metrics
    cells = [row.cells[metric.name] for row in answer.rows]
    return [(metric.name, "" if c.value is None else str(c.value), c.state) for c in cells]


@pytest.mark.parametrize("name", catalogue(Settings()))
def test_the_page_shows_what_the_catalogue_says(published_sample: Home, name: str) -> None:
    """Values and states of its first dimension, its definition, unit, maturity and SQL."""
    metric = catalogue(published_sample.settings)[name]
    page = shown(published_sample, _page(published_sample, name))
    assert metric.definition in page.text
    if "What can be answered:" in page.text:  # nothing is mature in the sample
        assert metric.immature in page.text
        return
    by = next(iter(metric.dimensions), None)
    answer = answer_of(published_sample, name, by=() if by is None else (by,))
    assert page.figures[_TABLE] == _figures(answer)
    assert " ".join(answer.sql.split()) in page.text
    assert metric.immature in page.text
    assert page.titles == []
    assert bool(metric.backtest) == ("How far off earlier forecasts were" in page.text)


@pytest.mark.parametrize(
    ("name", "address", "question"),
    [
        ("roas_d30", {"grain": "month"}, {"grain": Grain.MONTH}),
        (
            "ltv_d7",
            {"by": "country", "campaign": "meta_us_prospecting", "from": "2026-01-01"},
            {
                "by": ("country",),
                "where": {"campaign": ("meta_us_prospecting",)},
                "start": date(2026, 1, 1),
            },
        ),
        ("installs", {"by": "country", "grain": "week"}, {"by": ("country",), "grain": Grain.WEEK}),
        ("channel_roas", {"by": "model"}, {"by": ("model",)}),
        (
            "payback_day",
            {"by": "campaign,media_source"},
            {"by": ("campaign", "media_source")},
        ),
        ("retention_m1", {"grain": "month"}, {"grain": Grain.MONTH}),
        ("ltv", {"by": "nothing"}, {}),
    ],
)
def test_the_address_is_the_question(
    published_sample: Home, name: str, address: dict[str, str], question: dict[str, Any]
) -> None:
    """Dimension, filters, days and grain."""
    page = shown(published_sample, _page(published_sample, name), **address)
    assert page.figures[_TABLE] == _figures(answer_of(published_sample, name, **question))


def test_a_period_has_the_change_since_the_one_before(published_sample: Home) -> None:
    """Of whole months alone: the first and the last one of the sample are cut."""
    html = html_of(published_sample, _page(published_sample, "net_revenue"), grain="month")
    rows = list(csv.DictReader(io.StringIO(table_csv(html, _TABLE) or "")))
    sums = [float(row["Revenue"]) for row in rows]
    changes = [row["Change"] for row in rows]
    assert changes[:2] == ["", ""]
    assert changes[-1] == ""
    expected = [now / before - 1 for before, now in pairwise(sums[1:-1])]
    assert [float(change) for change in changes[2:-1]] == pytest.approx(expected, rel=1e-5)


def test_what_is_on_the_screen_is_in_the_csv(published_sample: Home) -> None:
    """Exact values, with their labels."""
    html = html_of(published_sample, _page(published_sample, "roas_d7"), by="country")
    text = table_csv(html, _TABLE)
    assert text is not None
    rows = list(csv.reader(io.StringIO(text)))
    answer = answer_of(published_sample, "roas_d7", by=("country",))
    assert [row[0] for row in rows[1:]] == [row.labels["country"] for row in answer.rows]
    known = [row.cells["roas_d7"].value for row in answer.rows]
    assert [row[1] for row in rows[1:]] == ["" if v is None else str(v) for v in known]


@pytest.mark.parametrize(
    ("name", "address", "reason"),
    [
        ("channel_roas", {"country": "US"}, "channel_roas has no dimension 'country'"),
        ("channel_roas", {"by": "planet"}, "channel_roas has no dimension 'planet'"),
        ("expected_revenue_d30", {"from": "2026-01-01"}, "belongs to no day"),
        ("ltv_m3", {"grain": "day"}, "is not known by day"),
        ("payback_day", {"by": "nothing"}, "values do not add up"),
        ("installs", {"country": "XX"}, "There is no country 'XX' in the data."),
        (
            "roas_d90",
            {"from": "2026-11-01", "campaign": "meta_us_prospecting", "by": "nothing"},
            "is not known yet",
        ),
    ],
)
def test_a_refusal_leads_to_questions_that_can_be_answered(
    published_sample: Home, name: str, address: dict[str, str], reason: str
) -> None:
    """The reason is shown; the first and the last of the links have an answer."""
    page = shown(published_sample, _page(published_sample, name), **address)
    assert reason in page.text
    assert _TABLE not in page.figures
    links = [link for link in page.links if link.startswith("../metrics/") and "index" not in link]
    assert links
    answered = [_answers(published_sample, link) for link in links]
    assert answered[0]
    assert answered[-1]


def _answers(home: Home, link: str) -> bool:
    parts = urlsplit(link)
    name = parts.path.rpartition("/")[2]
    page = shown(home, _page(home, name), **dict(parse_qsl(parts.query)))
    return _TABLE in page.figures


def test_every_dimension_can_be_filtered_by() -> None:
    """An address can name a value of each: a new dimension needs a filter of its name."""
    dimensions = {name for metric in catalogue(Settings()).values() for name in metric.dimensions}
    filters = Filters.parse(dict.fromkeys(dimensions, "x"))
    assert filters.values() == dict.fromkeys(dimensions, "x")


def test_the_command_is_the_same_question(published_sample: Home) -> None:
    """Ready for a shell."""
    page = shown(
        published_sample,
        _page(published_sample, "customers"),
        **{"by": "country", "segment": "(unknown)", "grain": "month", "from": "2026-01-01"},
    )
    command = "ltv metric query customers --by country --where 'segment=(unknown)' --grain month"
    assert f"{command} --from 2026-01-01" in page.text


def test_the_index_names_every_metric(published_sample: Home) -> None:
    """Each with a link to its page."""
    page = shown(published_sample, pages(published_sample.settings)[INDEX])
    assert {link.rpartition("/")[2] for link in page.links} >= set(
        catalogue(published_sample.settings)
    )


def test_markup_in_an_address_stays_text(published_sample: Home) -> None:
    """In the reason, the form and the command."""
    markup = "<script>x</script>"
    page = shown(published_sample, _page(published_sample, "installs"), country=markup)
    assert "script" not in page.tags
    assert markup in page.text
