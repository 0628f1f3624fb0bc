"""The customer report: its figures, its escaping, nothing to show, charts on asset pages."""

from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import dagster as dg
import pytest

from ltv_platform.metrics import AnswerRow, Cell, State
from ltv_platform.orchestration.backtests import backtest_metadata
from ltv_platform.orchestration.charts import chart_metadata
from ltv_platform.reports.customers import (
    CUSTOMERS,
    customer_overview,
    write_customer_report,
)
from ltv_platform.reports.periods import periods
from ltv_platform_tests.reports.showing import shown
from ltv_platform_tests.testing.home import Home

SCRIPT = "<script>alert(1)</script>"
#: Under it Dagster shows Markdown in line.
INLINE = 1000
BACKTEST = "marts.forecast_backtest"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Three customers of two months: one buys twice and gives back, one once, one never."""
    home = Home(tmp_path_factory.mktemp("home"), horizons=(7,), as_of="2025-03-31")
    home.load(
        "customers",
        f"a,2025-01-05,US,{SCRIPT},",
        "b,2025-01-20,US,organic,",
        "c,2025-02-10,DE,organic,",
    )
    home.load(
        "transactions",
        "t1,a,2025-01-05,30,0",
        "t2,a,2025-02-01,20,0",
        "t3,a,2025-02-02,5,1",
        "t4,b,2025-01-25,9,0",
    )
    home.publish()
    return home


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def _text(path: Path) -> str:
    page = _Page()
    page.feed(path.read_text("utf-8"))
    assert "script" not in page.tags
    return " ".join(page.words)


def test_the_page_says_what_the_tables_say(home: Home) -> None:
    """LTV 45 + 9 + 0 over three customers; two bought, one of them twice."""
    text = _text(write_customer_report(home.settings))
    assert "Customers 3 2 bought, 1 more than once" in text
    assert "LTV so far, USD 54.00 after 5.00 of refunds" in text
    assert "LTV per customer 18.00 median 9.00; of all customers" in text
    assert "LTV per order 18.00 1.50 orders per buyer" in text
    assert "2025-01 2 2 54.00 27.00 27.00" in text
    assert "Fewer than 20 buyers" in text


def test_no_guess_stands_as_a_key_figure(home: Home) -> None:
    """Regression: the naive total of three customers stood there like a forecast, as 240.16."""
    text = _text(write_customer_report(home.settings))
    assert (
        "Expected in 365 days – no model could be fitted: gamma_gamma: 2 customers; a fit" in text
    )
    [total] = home.values(
        "SELECT MAX(predicted_total) FROM forecast_totals WHERE measure = 'spend'"
    )
    assert f"{total:,.2f}" not in text


def test_the_terminal_gets_rows(home: Home) -> None:
    """Cohorts in order of time, segments with most revenue first."""
    (columns, cohorts), (names, segments) = customer_overview(home.settings)
    assert [dict(zip(columns, row, strict=True))["cohort"] for row in cohorts] == [
        "2025-01",
        "2025-02",
    ]
    rows = [dict(zip(names, row, strict=True)) for row in segments]
    assert sum(row["customers"] for row in rows) == 3
    assert sum(row["monetary"] for row in rows) == 54
    assert rows[-1]["segment"] == "Prospects"


@pytest.mark.parametrize("published", [False, True])
def test_nothing_to_report_is_said(tmp_path: Path, published: bool) -> None:
    """Before the first snapshot, and of one without customers, with what to do."""
    home = Home(tmp_path, horizons=(7,))
    if published:
        home.publish()
    text = _text(write_customer_report(home.settings))
    assert ("has no customers" if published else "Nothing is published") in text
    assert "ltv ingest customers FILE" in text


def test_asset_pages_show_charts(home: Home) -> None:
    """A small one that Dagster shows in line, and the full one behind a click."""
    for table, name in [
        ("marts.customer_cohort_curve", "ltv_by_age"),
        ("marts.customer_retention", "retention"),
        ("marts.rfm_segments", "recency_and_frequency"),
        ("marts.forecast_totals", "expected_revenue"),
    ]:
        metadata = chart_metadata(home.engine, table)
        assert list(metadata) == [name, f"{name}_full"]
        assert len(str(metadata[name].value)) < INLINE
        assert len(str(metadata[f"{name}_full"].value)) >= INLINE


def test_a_forecast_carries_its_back_test(home: Home) -> None:
    """metrics.md section 3: bias, RMSE, MAE, r and the baselines, of the newest origin."""
    engine = home.engine
    figures = {"mbgnbd": 0.25, "rate_x_T": 0.9, "zero": -1.0}
    with engine.session() as connection:
        connection.execute(f"DELETE FROM {BACKTEST}").fetchall()
        for origin, shift in (("2024-12-31", 0.0), ("2024-10-02", 1.0)):
            for model, bias in figures.items():
                connection.execute(
                    f"INSERT INTO {BACKTEST} VALUES (DATE '{origin}', DATE '{origin}' + 90, 90, "
                    f"'{model}', 'spend', 500, 'ok', 10, 8, {bias + shift}, 1.5, 2.5, 0.5)"
                ).fetchall()
    metadata = backtest_metadata(engine, BACKTEST)
    plotted = {name: value.value for name, value in metadata.items() if name != "backtest"}
    assert plotted == {
        "backtest_spend_bias": 0.25,
        "backtest_spend_rmse": 2.5,
        "backtest_spend_mae": 1.5,
        "backtest_spend_r": 0.5,
    }
    table = metadata["backtest"]
    assert isinstance(table, dg.TableMetadataValue)
    records = [record.data for record in table.records]
    assert {record["model"] for record in records} == set(figures)
    assert [record["bias"] for record in records][:3] == [0.25, 0.9, -1.0]
    assert backtest_metadata(engine, "") == {}


def test_every_forecast_names_its_back_test(home: Home) -> None:
    """It is made before the forecast, so that what a materialization carries is of one run."""
    order = [transform.name for transform in home.graph.transforms]
    for table in (
        "marts.forecast_models",
        "marts.purchase_forecasts",
        "marts.ltv_forecast",
        "marts.forecast_totals",
        "marts.campaign_ltv_forecast",
        "marts.development_factors",
    ):
        backtest = home.graph[table].derivation.backtest
        assert backtest.endswith("forecast_backtest")
        assert order.index(backtest) < order.index(table)
        assert backtest_metadata(home.engine, backtest).keys() >= {"backtest"}


def test_new_and_returning_revenue_with_the_period_before(home: Home) -> None:
    """January: 30 and 9 by new customers; February: 20 from one who returns, 5 given back."""
    page = shown(home, CUSTOMERS)
    assert page.figures["revenue-table"] == [
        ("net_revenue", "15.000000", "observed"),
        ("new_revenue", "0.000000", "observed"),
        ("returning_revenue", "20.000000", "observed"),
        ("new_payers", "0", "observed"),
        ("net_revenue", "39.000000", "observed"),
        ("new_revenue", "39.000000", "observed"),
        ("returning_revenue", "0.000000", "observed"),
        ("new_payers", "2", "observed"),
    ]
    assert "2025-01 in part 39.00 – 39.00 –" in page.text  # the data begins on the 5th
    assert "2025-02 15.00 – 0.00 – 20.00 – 0" in page.text


def test_a_period_that_is_cut_is_not_compared(home: Home) -> None:
    """By the filters of the page."""
    cut = shown(home, CUSTOMERS, **{"from": "2025-01-05", "to": "2025-02-10"})
    assert "2025-02 in part 15.00 – 0.00 – 20.00 –" in cut.text


@pytest.mark.parametrize(
    ("grain", "days", "compared"),
    [
        ("month", ("2025-01-01", "2025-02-01", "2025-04-01"), [None, "2025-01-01", None]),
        ("month", ("2024-12-01", "2025-01-01", "2025-02-01"), [None, None, "2025-01-01"]),
        ("week", ("2025-01-06", "2025-01-13", "2025-01-27"), [None, "2025-01-06", None]),
        ("day", ("2025-01-01", "2025-01-02", "2025-04-30"), [None, "2025-01-01", None]),
    ],
)
def test_a_period_is_compared_with_the_one_right_before(
    grain: str, days: tuple[str, ...], compared: list[str | None]
) -> None:
    """Not with the last one that has rows, nor with one that the first or last day cuts."""
    cells = {day: {"net_revenue": Cell(n, n, None, State.OBSERVED)} for n, day in enumerate(days)}
    rows = [AnswerRow({}, date.fromisoformat(day), cells[day]) for day in days]
    found = periods(rows, grain, date(2025, 1, 1), date(2025, 4, 29))
    before = [None if day is None else cells[day] for day in compared]
    assert [each.before for each in found] == before
    assert found[-1].is_cut == (days[-1] >= "2025-04-01")


def test_filters_apply_where_the_tables_have_them(home: Home) -> None:
    """Customers, cohorts at equal age, retention and segments of a country; charts are of all."""
    page = shown(home, CUSTOMERS, country="DE")
    assert page.text.count("Customers 1 0 bought, 0 more than once") == 1
    assert [value for name, value, _ in page.figures["cohort-table"] if name == "customers"] == [
        "1"
    ]
    assert [value for name, value, _ in page.figures["segment-table"]][:1] == ["1"]
    assert "What follows covers all countries and segments" in page.text
    assert "No purchase matches these filters." in page.text
    assert page.titles == []
