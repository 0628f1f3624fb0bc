"""The forecast page: how sure forecasts are, in words; figures of the catalogue; no guesses."""

from pathlib import Path

import pytest

from ltv_platform.reports.forecast_page import FORECASTS, Accuracy, write_forecast_report
from ltv_platform_tests.metrics.asking import values
from ltv_platform_tests.reports.showing import Shown, shown
from ltv_platform_tests.testing.home import Home


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Three customers: too few for a model."""
    home = Home(tmp_path_factory.mktemp("home"), horizons=(7,), as_of="2025-03-31")
    home.load("customers", "a,2025-01-05,US,ads,", "b,2025-01-20,US,organic,", "c,2025-02-10,DE,,")
    home.load("transactions", "t1,a,2025-01-05,30,0", "t2,a,2025-02-01,20,0", "t4,b,2025-01-25,9,0")
    home.publish()
    return home


def test_accuracy_is_measured_on_totals() -> None:
    """Absolute errors are averaged; the worst keeps its sign; other measures do not count."""
    rows = [
        {"measure": measure, "model": model, "bias": bias, "holdout_days": 90}
        for measure, model, bias in [
            ("spend", "mbgnbd", 0.1),
            ("spend", "mbgnbd", -0.3),
            ("spend", "rate_x_T", 2.0),
            ("transactions", "mbgnbd", 5.0),
            ("spend", "zero", None),
        ]
    ]
    accuracy = Accuracy.of(rows)
    assert accuracy is not None
    assert (accuracy.forecasts, accuracy.days, accuracy.worst) == (2, 90, -0.3)
    assert accuracy.mean_error == pytest.approx(0.2)
    assert accuracy.bias == pytest.approx(-0.1)
    assert accuracy.naive_error == 2
    assert Accuracy.of([]) is None


def test_how_sure_it_is_stands_on_top(published_sample: Home) -> None:
    """Customers by the errors of past totals, campaigns by how many ended in their interval."""
    page = shown(published_sample, FORECASTS)
    errors = published_sample.values(
        "SELECT bias FROM forecast_backtest WHERE model = 'mbgnbd' AND measure = 'spend'"
    )
    mean = sum(abs(error) for error in errors) / len(errors)
    assert f"{len(errors)} earlier forecasts of 90 days missed the revenue" in page.text
    assert f"by {100 * mean:.0f} % on average" in page.text
    coverage = published_sample.one(
        "SELECT cohorts, interval_coverage FROM campaign_forecast_backtest "
        "WHERE backtest = 'rolling_origin' AND campaign_id = '(all)' AND horizon_days = 90 "
        "ORDER BY start_age_days DESC LIMIT 1"
    )
    assert f"of {coverage['cohorts']} cohorts forecast to day 90" in page.text
    assert f"{100 * coverage['interval_coverage']:.0f} % ended within" in page.text


@pytest.mark.parametrize("address", [{}, {"country": "US"}, {"by": "segment"}])
def test_figures_are_those_of_the_catalogue(
    published_sample: Home, address: dict[str, str]
) -> None:
    """Totals by horizon and groups; a country has no band, and the page says so."""
    page = shown(published_sample, FORECASTS, **address)
    by = address.get("by", "country")
    where = {"country": ("US",)} if "country" in address else {}
    for days in (30, 365):
        metric = f"expected_revenue_d{days}"
        total = values(published_sample, metric, where=where)
        groups = values(published_sample, metric, by=(by,), where=where)
        assert (metric, str(*total.values()), "predicted") in page.figures["expected-table"]
        in_table = {value for name, value, _ in page.figures["group-table"] if name == metric}
        assert in_table == {"" if value is None else str(value) for value in groups.values()}
    assert ("known for all customers together" in page.text) == bool(where)


def test_a_campaign_is_shown_by_install_week(published_sample: Home) -> None:
    """With the interval of each week; the campaign with the most spend unless another is chosen."""
    page = shown(published_sample, FORECASTS, campaign="tiktok_br_lookalike")
    assert "tiktok_br_lookalike: D90 ROAS by install week" in page.text
    weeks = values(
        published_sample,
        "predicted_roas_d90",
        grain="week",
        where={"campaign": ("tiktok_br_lookalike",)},
    )
    assert len(page.figures["week-table"]) == len(weeks)
    [largest] = published_sample.values(
        "SELECT campaign_id FROM campaign_summary ORDER BY cohort_cost DESC NULLS LAST LIMIT 1"
    )
    assert f"{largest}: D90 ROAS" in shown(published_sample, FORECASTS).text


def test_no_guess_is_shown_as_a_forecast(few: Home) -> None:
    """Regression: the naive total of three customers stood there like a forecast."""
    text = Shown(write_forecast_report(few.settings).read_text("utf-8")).text
    assert "no model could be fitted: gamma_gamma: 2 customers; a fit" in text
    assert "So there is no total forecast here" in text
    assert "too_few_customers" in text
    assert "The forecasts of 2 of 2 customers do not rest on two models with status ok" in text
    [total] = few.values("SELECT MAX(predicted_total) FROM forecast_totals WHERE measure = 'spend'")
    assert f"{total:,.2f}" not in text
    assert "No campaign has a forecast" in text


@pytest.mark.parametrize("published", [False, True])
def test_nothing_to_forecast_is_said(tmp_path: Path, published: bool) -> None:
    """Before the first snapshot, and of one without customers."""
    home = Home(tmp_path, horizons=(7,))
    if published:
        home.publish()
    text = Shown(write_forecast_report(home.settings).read_text("utf-8")).text
    assert ("has no purchases" if published else "Nothing is published") in text
