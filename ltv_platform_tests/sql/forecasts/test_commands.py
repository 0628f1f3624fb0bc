"""`ltv forecast`: its answers as text and JSON, and its messages about days that it cannot use."""

import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ltv_platform.cli import app
from ltv_platform.errors import UserError
from ltv_platform.reports.forecasts import backtest_as_of, fit_as_of, rolling_backtest
from ltv_platform_tests.forecasting.repeat_buying.samplers import install
from ltv_platform_tests.testing.home import Home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two customers with purchases from 2025-01-10 on, known up to 2025-07-01."""
    home = Home(tmp_path_factory.mktemp("home"), as_of="2025-07-01", horizons=(7,))
    home.load("customers", *(f"{name},2025-01-01,DE,ads,c1" for name in "ab"))
    home.load("transactions", "t1,a,2025-01-10,40,0", "t2,a,2025-03-01,20,0", "t3,b,2025-05-01,5,0")
    home.publish()
    return home


def test_a_fit_as_json(forecast: Any) -> None:
    """A list of models, all three without --model; parameters by name, null where there is none."""
    models = forecast("fit", "--unit", "week")
    assert [model["model"] for model in models] == ["bgnbd", "mbgnbd", "gamma_gamma"]
    [one] = forecast("fit", "--model", "gamma_gamma", "--as-of", "2025-06-30")
    assert one == {
        "model": "gamma_gamma",
        "parameters": {"p": None, "q": None, "v": None},
        "standard_errors": {"p": None, "q": None, "v": None},
        "log_likelihood": None,
        "status": "too_few_customers",
        "reason": "2 customers; a fit needs 100 or more",
        "customers": 1,
        "excluded_customers": 0,
        "unit": "day",
        "as_of": "2025-06-30",
    }


def test_a_backtest_as_json(forecast: Any) -> None:
    """Per model and baseline, transactions and spend; the holdout ends with the data by default."""
    rows = forecast("backtest", "--holdout", "30")
    assert {(row["model"], row["measure"]) for row in rows} == {
        (model, measure)
        for model in ("bgnbd", "mbgnbd", "rate_x_T", "rate_n_T", "zero")
        for measure in ("transactions", "spend")
    }
    assert {(row["origin"], row["holdout_end"]) for row in rows} == {("2025-06-01", "2025-07-01")}
    rolling = forecast("backtest", "--rolling", "--holdout", "60")
    assert {row["origin"] for row in rolling} == {"2025-05-02"}


def test_a_fit_as_a_table(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row per parameter; why a model cannot be used is said below."""
    monkeypatch.setenv("LTV_HOME", str(home.settings.home))
    answer = CliRunner().invoke(app, ["forecast", "fit"], catch_exceptions=False)
    assert answer.exit_code == 0
    assert answer.stdout.count("too_few_customers") == 11
    assert "As of 2025-07-01; time in days, values in USD." in answer.stderr
    assert "mbgnbd: 2 customers; a fit needs 100 or more." in answer.stderr


def test_days_outside_the_data(home: Home) -> None:
    """Before the first transaction, after as_of, or a holdout that reaches beyond it."""
    settings = home.settings
    for ask in (fit_as_of, backtest_as_of, rolling_backtest):
        with pytest.raises(UserError, match="the first transaction is from 2025-01-10"):
            ask(settings, date(2025, 1, 9))
        with pytest.raises(UserError, match="the published figures end on 2025-07-01"):
            ask(settings, date(2025, 7, 2))
    assert fit_as_of(settings, date(2025, 1, 10))[0] == date(2025, 1, 10)
    with pytest.raises(UserError, match="31 days after 2025-06-01 end on 2025-07-02, but"):
        backtest_as_of(settings, date(2025, 6, 1), 31)
    assert backtest_as_of(settings, date(2025, 6, 1), 30)
    with pytest.raises(
        UserError,
        match="730 days and a customer; there are fewer from 2025-01-10 to 2025-07-01",
    ):
        rolling_backtest(settings, None, 365)
    with pytest.raises(UserError, match="the first transaction is from 2025-01-10"):
        backtest_as_of(settings, None, 3650)


@pytest.mark.parametrize("holdout", [0, -5])
def test_a_holdout_has_a_day_or_more(home: Home, holdout: int) -> None:
    for ask in (backtest_as_of, rolling_backtest):
        with pytest.raises(UserError, match=f"--holdout is {holdout}"):
            ask(home.settings, None, holdout)


def test_nothing_is_published(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for ask in (fit_as_of, backtest_as_of, rolling_backtest):
        with pytest.raises(UserError, match="Nothing is published"):
            ask(home.settings)


def test_nothing_has_happened_yet(tmp_path: Path) -> None:
    """A snapshot without any event has no as_of."""
    home = Home(tmp_path, horizons=(7,))
    home.publish()
    with pytest.raises(UserError, match="The snapshot contains no events yet"):
        fit_as_of(home.settings)


def test_customers_without_transactions(tmp_path: Path) -> None:
    """There is a day to look back from, and nobody to fit to."""
    home = Home(tmp_path, horizons=(7,))
    home.load("customers", "a,2025-01-01,DE,ads,c1")
    home.publish()
    day, models = fit_as_of(home.settings)
    assert day == date(2025, 1, 1)
    assert [model.fit.customers for model in models] == [0, 0, 0]
    assert backtest_as_of(home.settings, date(2024, 12, 1), 30) == []
    with pytest.raises(UserError, match="needs transactions over 3 days and a customer"):
        rolling_backtest(home.settings)


def test_a_bayesian_fit_beside_the_likeliest(
    home: Home, forecast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rows a parameter; in JSON two models, which say their method and intervals."""
    install(monkeypatch)
    models = forecast("fit", "--bayes", "--model", "mbgnbd")
    assert [model["method"] for model in models] == ["likelihood", "bayes"]
    for model in models:
        assert model["status"] == "too_few_customers"
        assert model["lower"] == model["upper"] == dict.fromkeys(["r", "alpha", "a", "b"])
    monkeypatch.setenv("COLUMNS", "80")
    answer = CliRunner().invoke(app, ["forecast", "fit", "--bayes", "--format", "csv"])
    lines = answer.stdout.splitlines()
    assert lines[0] == "model,parameter,method,value,standard_error,lower,upper,status"
    assert lines[1:3] == [
        "bgnbd,r,likelihood,,,,,too_few_customers",
        "bgnbd,r,bayes,,,,,too_few_customers",
    ]
    assert "mbgnbd (bayes): 2 customers; a fit needs 100 or more." in answer.stderr


def test_a_bayesian_fit_without_the_extra(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read or fitted before."""
    monkeypatch.setenv("LTV_HOME", str(home.settings.home))
    monkeypatch.setitem(sys.modules, "pymc_marketing", None)
    answer = CliRunner().invoke(app, ["forecast", "fit", "--bayes"])
    assert isinstance(answer.exception, UserError)
    assert "pip install 'ltv-platform[bayes]'" in answer.exception.hint
    assert not answer.stdout + answer.stderr
