"""The channel report and the charts: their figures, their escaping, nothing to show."""

import shutil
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ltv_platform.orchestration.charts import chart_metadata
from ltv_platform.parameters.attribution import MODELS
from ltv_platform.reports.channels import channel_overview, model_overview, write_channel_report
from ltv_platform.reports.charts import (
    LONGEST_SHOWN,
    cost_and_revenue,
    journey_lengths,
    models_by_channel,
)
from ltv_platform_tests.testing.home import Home

SCRIPT = "<script>alert(1)</script>"
CHART = "channels_by_model_full"
#: Under it Dagster shows Markdown in line.
INLINE = 1000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two conversions, three sessions, a channel with markup in its name, one without a session."""
    home = Home(tmp_path_factory.mktemp("home"), horizons=(7,), as_of="2025-03-10")
    home.load(
        "session_sources",
        f"s1,u,{SCRIPT},2025-03-01,10:00:00,1,1",
        "s2,u,Direct,2025-03-02,10:00:00,0,1",
        "s3,v,Display,2025-03-03,10:00:00,1,1",
    )
    home.load("session_costs", "s1,2", "s3,4")
    home.load("conversions", "c1,u,2025-03-02,12:00:00,10", "c2,w,2025-03-05,12:00:00,8")
    home.publish()
    return home


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += " " + data.strip()


def _page(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text("utf-8"))
    return page


def test_the_page_says_what_the_tables_say(home: Home) -> None:
    """2 conversions, 1 of them attributed; cost 6 for 10 attributed and 18 in all."""
    page = _page(write_channel_report(home.settings))
    text = " ".join(page.text.split())
    assert "Conversions 2 1 attributed" in text
    assert "Revenue, USD 18.00 10.00 attributed" in text
    assert "Cost per order 6.00 attributed only; blended 3.00" in text
    assert "ROAS 1.67 attributed only; blended 3.00" in text
    assert "1 journey by the local engine, an open approximation (preset published)" in text
    assert "script" not in page.tags
    assert SCRIPT in page.text, "as text, in tables and charts alike"


def test_a_channel_that_costs_and_earns_nothing_has_a_roas(home: Home) -> None:
    """ROAS 0 is in the table; only channels without cost are left out, as it says."""
    text = " ".join(_page(write_channel_report(home.settings)).text.split())
    roas = text.partition("ROAS by model")[2].partition("Conversions that change")[0]
    assert "Display" + " 0.00" * len(MODELS) in roas
    assert "Direct" not in roas


def test_without_scores_models_do_not_disagree(home: Home, tmp_path: Path) -> None:
    """IHC is too low then: no disagreement, neither in the terminal nor on page or asset chart."""
    waiting = Home(
        shutil.copytree(home.settings.home, tmp_path / "home"),
        horizons=(7,),
        as_of="2025-03-10",
        ihc_api_key="k",
        ihc_conversion_type="shop",
    )
    waiting.publish()
    assert {row[-1] for row in model_overview(waiting.settings)[1]} == {None}
    text = " ".join(_page(write_channel_report(waiting.settings)).text.split())
    assert "Conversions without an IHC score: 1." in text
    full = str(chart_metadata(waiting.engine, "marts.channel_model_comparison")[CHART].value)
    assert "%20%25%3C/text%3E" not in full  # "… %</text>"
    mine = str(chart_metadata(home.engine, "marts.channel_model_comparison")[CHART].value)
    assert "%20%25%3C/text%3E" in mine


def test_the_terminal_gets_rows(home: Home) -> None:
    """Channels with most conversions first; models in one order, then the disagreement."""
    columns, rows = channel_overview(home.settings)
    assert columns == [
        "channel_name",
        "cost",
        "ihc",
        "ihc_revenue",
        "CPO",
        "ROAS",
        "complete_share",
    ]
    assert [row[0] for row in rows][2:] == ["Display", "(not attributed)"]
    columns, rows = model_overview(home.settings)
    assert columns == ["channel_name", *MODELS, "disagreement"]
    direct = dict(zip(columns, next(row for row in rows if row[0] == "Direct"), strict=True))
    assert (direct["first"], direct["last"], direct["last_non_direct"]) == (0.0, 1.0, 0.0)


def test_nothing_published_is_said(tmp_path: Path) -> None:
    """With what to do."""
    text = _page(write_channel_report(Home(tmp_path).settings)).text
    assert "Nothing is published" in text
    assert "ltv ingest session_sources FILE" in text


def test_nothing_to_report_is_said(tmp_path: Path) -> None:
    """A snapshot without sessions and conversions is not an error."""
    home = Home(tmp_path, horizons=(7,))
    home.publish()
    text = _page(write_channel_report(home.settings)).text
    assert "has no conversions and no session costs" in text
    assert channel_overview(home.settings)[1] == []
    assert model_overview(home.settings) == (["channel_name", "disagreement"], [])


def test_asset_pages_show_charts(home: Home) -> None:
    """A small one that Dagster shows in line, and the full one behind a click."""
    for table, name in [
        ("marts.customer_journeys", "sessions_of_journeys"),
        ("marts.channel_reporting", "cost_and_revenue"),
        ("marts.channel_model_comparison", "channels_by_model"),
    ]:
        metadata = chart_metadata(home.engine, table)
        assert list(metadata) == [name, f"{name}_full"]
        assert len(str(metadata[name].value)) < INLINE
        assert len(str(metadata[f"{name}_full"].value)) >= INLINE
    assert chart_metadata(home.engine, "core.sessions") == {}


_HOSTILE = ["a'b\"c", "line\nbreak", "</svg>", "\x00\x07", "😀" * 40, "=1+1", ")](x"]


def test_charts_are_well_formed_and_small_whatever_the_names() -> None:
    """Names are escaped and cut; control characters, which XML forbids, are left out."""
    channels = [(f"{name}{i}", 1000 * i, 5 * i) for i, name in enumerate(_HOSTILE * 5)]
    models = [f"model_{i}" for i in range(9)]
    charts = [
        cost_and_revenue(channels),
        cost_and_revenue([]),
        models_by_channel(models, [(name, [1.5] * 9, 0.5) for name, *_ in channels]),
        models_by_channel([], []),
        journey_lengths([(length, 10**6 * length) for length in range(1, 300)]),
        journey_lengths([]),
    ]
    for chart in charts:
        ElementTree.fromstring(chart.small)
        ElementTree.fromstring(chart.full)
        assert len(chart.small) < INLINE


def test_long_journeys_share_a_bar() -> None:
    """Twelve sessions and more are one bar; shares are of all journeys."""
    full = journey_lengths([(1, 6), (LONGEST_SHOWN, 1), (LONGEST_SHOWN + 30, 3)]).full
    words = [node.text for node in ElementTree.fromstring(full).iter() if node.text]
    assert words[:2] == ["1 session", "6 (60 %)"]
    assert words[-2:] == ["12 or more sessions", "4 (40 %)"]


def test_the_lookback_is_that_of_the_snapshot(home: Home) -> None:
    """The page says what was computed, not what the current shell has set."""
    write_channel_report(home.under(journey_lookback=7).settings)
    page = _page(home.settings.reports_path / "channels.html")
    assert "Lookback 90 days" in " ".join(page.text.split())
