"""The golden figures of docs/forecasts.md, on the sample of CDNOW."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.ingestion.load import Request, ingest
from ltv_platform_tests.testing.home import Home


@pytest.fixture(scope="module")
def home(reference_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """CDNOW's sample, published."""
    home = Home(tmp_path_factory.mktemp("cdnow"), horizons=(7,))
    file = reference_data / "cdnow" / "CDNOW_sample.txt"
    tables = {"transactions": "cdnow_sample", "customers": "cdnow_sample_customers"}
    for table, adapter in tables.items():
        [outcome] = ingest(home.engine, [Request(table, file, adapter)])
        assert outcome.error is None, outcome.error
    home.publish()
    return home


def test_parameters_are_those_of_the_paper(forecast: Any) -> None:
    """Fader, Hardie & Lee's sample, in weeks to 1997-09-30: all digits that are printed."""
    models = {
        model["model"]: model
        for model in forecast("fit", "--as-of", "1997-09-30", "--unit", "week")
    }
    bgnbd, mbgnbd, gamma_gamma = (models[name] for name in ("bgnbd", "mbgnbd", "gamma_gamma"))
    assert bgnbd["parameters"] == pytest.approx(
        {"r": 0.24259, "alpha": 4.41360, "a": 0.79292, "b": 2.42591}, abs=6e-6
    )
    assert bgnbd["log_likelihood"] == pytest.approx(-9582.4292, abs=6e-5)
    assert mbgnbd["parameters"] == pytest.approx(
        {"r": 0.52485, "alpha": 6.18301, "a": 0.89134, "b": 1.61394}, rel=1e-4
    )
    assert mbgnbd["log_likelihood"] == pytest.approx(-9582.1357, abs=6e-5)
    assert gamma_gamma["parameters"] == pytest.approx(
        {"p": 6.24997, "q": 3.74415, "v": 15.44216}, rel=1e-4
    )
    assert gamma_gamma["log_likelihood"] == pytest.approx(-4055.9177, abs=6e-5)
    assert {name: model["customers"] for name, model in models.items()} == {
        "bgnbd": 2357,
        "mbgnbd": 2357,
        "gamma_gamma": 946,
    }


def test_days_and_weeks_agree(forecast: Any) -> None:
    """Only alpha is in the unit of time."""
    for days, weeks in zip(
        forecast("fit", "--as-of", "1997-09-30"),
        forecast("fit", "--as-of", "1997-09-30", "--unit", "week"),
        strict=True,
    ):
        expected = {
            name: 7 * value if name == "alpha" else value
            for name, value in weeks["parameters"].items()
        }
        assert days["parameters"] == pytest.approx(expected, rel=1e-5)


def test_the_holdout_has_the_totals_of_the_data(forecast: Any) -> None:
    """39 weeks after 1997-09-30: 1,882 purchase days and 70,976.39 dollars."""
    rows = {
        (row["model"], row["measure"]): row
        for row in forecast("backtest", "--as-of", "1997-09-30", "--holdout", "273")
    }
    bgnbd = rows["bgnbd", "transactions"]
    assert bgnbd["actual_total"] == 1882
    assert bgnbd["predicted_total"] == pytest.approx(1653.4, abs=0.05)
    assert bgnbd["mae"] == pytest.approx(0.7855, abs=5e-5)
    assert bgnbd["rmse"] == pytest.approx(1.6080, abs=5e-5)
    assert bgnbd["r"] == pytest.approx(0.6256, abs=5e-5)
    assert rows["bgnbd", "spend"]["actual_total"] == pytest.approx(70_976.39)
    assert rows["bgnbd", "spend"]["predicted_total"] == pytest.approx(59_932, abs=0.5)


@pytest.mark.parametrize("holdout", ["60", "90", "180"])
def test_both_rates_are_beaten_from_every_origin(forecast: Any, holdout: str) -> None:
    """On |bias| and RMSE, of transactions and of spend."""
    rows = forecast("backtest", "--rolling", "--holdout", holdout)
    found = {(row["origin"], row["measure"], row["model"]): row for row in rows}
    origins = {origin for origin, *_ in found}
    assert len(origins) == (2 if holdout == "180" else 4)
    for origin in origins:
        for measure in ("transactions", "spend"):
            for model in ("bgnbd", "mbgnbd"):
                ours = found[origin, measure, model]
                for rate in ("rate_x_T", "rate_n_T"):
                    theirs = found[origin, measure, rate]
                    assert abs(ours["bias"]) < abs(theirs["bias"])
                    assert ours["rmse"] < theirs["rmse"]


def test_tables_of_the_last_day(home: Home) -> None:
    """All customers have a forecast, and the origins are those of 90 days before 1998-06-30."""
    origins = home.values("SELECT DISTINCT origin FROM forecast_backtest ORDER BY 1 DESC")
    assert origins == [date(1998, 6, 30) - timedelta(days=90 * step) for step in (1, 2, 3, 4)]
    statuses = home.values("SELECT status, COUNT(*) FROM ltv_forecast GROUP BY 1 ORDER BY 1")
    assert statuses == [("ok", 2357 - 1218), ("one_purchase", 1218)]
    below = home.one("SELECT COUNT(*) AS n FROM ltv_forecast WHERE p_alive >= 1")["n"]
    assert below == 0, "MBG/NBD lets customers drop out after their first purchase"
