"""docs/forecasts.md: models, forecasts per customer and back-tests of a shop that can be fitted."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ltv_platform.forecasting.repeat_buying.buy_till_you_die import (
    expected_purchases,
    probability_alive,
)
from ltv_platform.forecasting.repeat_buying.fit import Fit, Sampling
from ltv_platform.forecasting.repeat_buying.gamma_gamma import expected_value
from ltv_platform.forecasting.repeat_buying.histories import Histories
from ltv_platform.reports.forecasts import fit_as_of, rolling_backtest
from ltv_platform_tests.forecasting.repeat_buying.samplers import Sampler, install
from ltv_platform_tests.forecasting.repeat_buying.simulation import simulate
from ltv_platform_tests.sql.forecasts.shops import AS_OF, built, shop
from ltv_platform_tests.testing import ROOT
from ltv_platform_tests.testing.home import Home

CUSTOMERS = 200
MONTH = 30.4375


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A published shop whose models are all ok, with one customer who never bought."""
    home = shop(tmp_path_factory.mktemp("shop"), CUSTOMERS)
    home.load("customers", "silent,2024-02-01,FR,ads,c1")
    home.publish()
    return home


def fits(home: Home) -> dict[str, Fit]:
    """The published models by name."""
    found: dict[str, dict[str, float]] = {}
    for model, parameter, value in home.values(
        "SELECT model, parameter, value FROM forecast_models WHERE status = 'ok'"
    ):
        found.setdefault(model, {})[parameter] = value
    return {
        "mbgnbd": Fit("mbg_nbd", found["mbgnbd"]),
        "gamma_gamma": Fit("gamma_gamma", found["gamma_gamma"]),
    }


def forecasts(home: Home) -> list[dict[str, Any]]:
    """Customers with their histories."""
    return home.published(
        "SELECT * FROM ltv_forecast JOIN purchase_histories USING (customer_id) ORDER BY 1"
    )


def test_models_of_the_table(home: Home) -> None:
    """One row per model and parameter, fitted in days to all customers who bought."""
    rows = home.published("SELECT * FROM forecast_models")
    assert {(row["model"], row["parameter"]) for row in rows} == {
        *(("bgnbd", name) for name in ("r", "alpha", "a", "b")),
        *(("mbgnbd", name) for name in ("r", "alpha", "a", "b")),
        *(("gamma_gamma", name) for name in ("p", "q", "v")),
    }
    repeaters = home.one("SELECT COUNT(*) AS n FROM purchase_histories WHERE repeat_days > 0")["n"]
    for row in rows:
        assert (row["status"], row["reason"], row["unit"]) == ("ok", None, "day")
        assert row["as_of"] == AS_OF
        assert row["customers"] == (repeaters if row["model"] == "gamma_gamma" else CUSTOMERS)
        assert 0 < row["standard_error"] < 10 * row["value"]
        assert float(f"{row['value']:.12g}") == row["value"]


def test_a_forecast_is_what_the_functions_say(home: Home) -> None:
    """Expected revenue = expected purchase days × p (v + x m) / (p x + q − 1)."""
    models, rows = fits(home), forecasts(home)
    assert len(rows) == CUSTOMERS
    x, recency, age, mean = (
        np.array([row[name] or 0 for row in rows], float)
        for name in ("repeat_days", "span_days", "age_days", "mean_repeat_value")
    )
    histories = Histories(x, recency, age, np.ones(len(rows)))
    value = expected_value(models["gamma_gamma"], x, mean)
    alive = probability_alive(models["mbgnbd"], histories)
    assert [row["p_alive"] for row in rows] == pytest.approx(alive, rel=1e-11)
    for days in (30, 90, 180, 365):
        expected = expected_purchases(models["mbgnbd"], histories, days)
        column = [row[f"expected_purchases_d{days}"] for row in rows]
        assert column == pytest.approx(expected, rel=1e-11)
        revenue = [float(row[f"expected_revenue_d{days}"]) for row in rows]
        assert revenue == pytest.approx(expected * value, abs=1e-6)


def test_statuses_and_intervals(home: Home) -> None:
    """one_purchase marks who bought once; p_alive of them is below 1, as MBG/NBD has it."""
    for row in forecasts(home):
        once = row["repeat_days"] == 0
        assert (row["status"], row["method"]) == ("one_purchase" if once else "ok", "model")
        assert 0 < row["p_alive"] < 1
        for days in (30, 90, 180, 365):
            assert 0 <= row[f"lower_revenue_d{days}"] <= row[f"upper_revenue_d{days}"]
        assert row["expected_revenue_d30"] < row["expected_revenue_d365"]


def test_an_interval_is_that_of_possible_futures(home: Home) -> None:
    """10 % and 90 % quantiles of simulated spend, for the customer expected to buy most."""
    models = fits(home)
    row = max(forecasts(home), key=lambda row: row["expected_purchases_d365"])
    histories = Histories(
        np.array([float(row["repeat_days"])]),
        np.array([float(row["span_days"])]),
        np.array([float(row["age_days"])]),
        np.ones(1),
    )
    mean_value = np.array([row["mean_repeat_value"]])
    drawn = simulate(
        models["mbgnbd"],
        models["gamma_gamma"],
        histories,
        365,
        draws=40_000,
        seed=1,
        mean_value=mean_value,
    )
    assert drawn.spend is not None
    low, high = np.quantile(drawn.spend, [0.1, 0.9])
    assert float(row["lower_revenue_d365"]) == pytest.approx(low, rel=0.05)
    assert float(row["upper_revenue_d365"]) == pytest.approx(high, rel=0.05)
    assert high > 0


def test_the_example_in_python(home: Home) -> None:
    """The block of docs/forecasts.md, on the histories of the table, gives its figures."""
    page = (ROOT / "docs" / "forecasts.md").read_text("utf-8")
    [block] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    rows = forecasts(home)
    names = {"frequency": "repeat_days", "recency": "span_days", "age": "age_days"}
    known: dict[str, Any] = {
        **{name: np.array([row[column] for row in rows]) for name, column in names.items()},
        "mean_value": np.array([row["mean_repeat_value"] or 0.0 for row in rows]),
    }
    exec(block, known)
    revenue = [float(row["expected_revenue_d90"]) for row in rows]
    assert revenue == pytest.approx(known["revenue"], rel=1e-6, abs=1e-6)
    # Quantiles are interpolated, on points that depend on the longest horizon asked for.
    upper = [float(row["upper_revenue_d90"]) for row in rows]
    assert upper == pytest.approx(known["upper"], rel=2e-3, abs=0.01)


def test_who_never_bought_has_no_forecast(home: Home) -> None:
    """Status no_purchase: expected figures are NULL, the naive figure is that of an ltv of 0."""
    row = home.one("SELECT * FROM ltv_forecast WHERE customer_id = 'silent'")
    assert (row["status"], row["method"], row["purchase_days"]) == ("no_purchase", "none", 0)
    assert row["p_alive"] is row["expected_purchases_d30"] is row["expected_revenue_d30"] is None
    assert row["naive_revenue_d30"] == 0


def test_the_naive_figure(home: Home) -> None:
    """The ltv / max(1, tenure_days / 30.4375) × months, next to the forecast."""
    for row in forecasts(home):
        a_month = float(row["ltv"]) / max(1, row["tenure_days"] / MONTH)
        for days in (30, 365):
            naive = float(row[f"naive_revenue_d{days}"])
            assert naive == pytest.approx(a_month * days / MONTH, abs=1e-6)


def test_purchase_forecasts_are_of_groups(home: Home) -> None:
    """Customers with equal histories are one row per horizon."""
    [(rows, customers)] = home.values(
        "SELECT COUNT(*), SUM(customers) FROM purchase_forecasts WHERE horizon_days = 90"
    )
    assert customers == CUSTOMERS
    assert (
        rows
        == home.one(
            "SELECT COUNT(DISTINCT (repeat_days, span_days, age_days)) AS n FROM purchase_histories"
        )["n"]
    )
    wrong = home.values(
        "SELECT COUNT(*) FROM purchase_forecasts WHERE lower_purchases > upper_purchases "
        "OR lower_factor > upper_factor OR lower_factor < 0"
    )
    assert wrong == [0]


def test_origins_roll_back_from_as_of(home: Home) -> None:
    """as_of − k · holdout for k = 1..4, as far as as much lies before the origin as after it."""
    origins = home.values("SELECT DISTINCT origin FROM forecast_backtest ORDER BY 1 DESC")
    assert origins == [AS_OF - timedelta(days=90 * step) for step in (1, 2, 3, 4)]
    longer = rolling_backtest(home.settings, holdout=200)
    assert {row.origin for row in longer} == {AS_OF - timedelta(days=200)}
    assert {row.holdout_end for row in longer} == {AS_OF}


def test_baselines_by_hand(home: Home) -> None:
    """Rates x / T, n / T with T at least one day, and zero: figures of the last origin."""
    origin = AS_OF - timedelta(days=90)
    customers = home.published(
        f"""
        SELECT COUNT(DISTINCT event_date) FILTER (event_date <= '{origin}') AS n,
          GREATEST(1, DATE '{origin}' - MIN(event_date)) AS age,
          COUNT(DISTINCT event_date) FILTER (event_date > '{origin}') AS later,
          SUM(amount) FILTER (event_date <= '{origin}') AS spent,
          SUM(amount) FILTER (event_date > '{origin}') AS spent_later
        FROM transactions GROUP BY customer_id HAVING MIN(event_date) <= '{origin}'
        """
    )
    rows = {
        (row["model"], row["measure"]): row
        for row in home.published(f"SELECT * FROM forecast_backtest WHERE origin = '{origin}'")
    }
    actual = np.array([row["later"] for row in customers], float)
    n, age = (np.array([row[name] for row in customers], float) for name in ("n", "age"))
    for model, predicted in (("rate_x_T", n - 1), ("rate_n_T", n), ("zero", 0 * n)):
        forecast = predicted / age * 90
        row = rows[model, "transactions"]
        assert row["customers"] == len(customers)
        assert row["predicted_total"] == pytest.approx(forecast.sum())
        assert row["actual_total"] == actual.sum()
        assert row["bias"] == pytest.approx(forecast.sum() / actual.sum() - 1)
        assert row["mae"] == pytest.approx(np.abs(forecast - actual).mean())
        assert row["rmse"] == pytest.approx(np.sqrt(((forecast - actual) ** 2).mean()))
        if model != "zero":
            assert row["r"] == pytest.approx(np.corrcoef(forecast, actual)[0, 1])
    assert rows["zero", "transactions"]["r"] is None
    spent = np.array([row["spent"] for row in customers], float)
    assert rows["rate_n_T", "spend"]["predicted_total"] == pytest.approx((spent / age * 90).sum())
    spent_later = sum(float(row["spent_later"] or 0) for row in customers)
    assert rows["mbgnbd", "spend"]["actual_total"] == pytest.approx(spent_later)


def test_totals_carry_the_errors_of_the_past(home: Home) -> None:
    """The band: logarithms of actual / predicted around 0, widened by Student's t of 4 origins."""
    t_of_four = 1.5332063  # 90 % quantile with 4 degrees of freedom
    for measure, column in (("transactions", "expected_purchases"), ("spend", "expected_revenue")):
        errors = home.values(
            "SELECT LN(actual_total / predicted_total) FROM forecast_backtest "
            f"WHERE model = 'mbgnbd' AND measure = '{measure}'"
        )
        factor = np.exp(t_of_four * np.sqrt(np.mean(np.square(errors))))
        for days in (30, 90, 180, 365):
            row = home.one(
                f"SELECT * FROM forecast_totals WHERE measure = '{measure}' "
                f"AND horizon_days = {days}"
            )
            total = home.one(f"SELECT SUM({column}_d{days}) AS total FROM ltv_forecast")["total"]
            assert float(row["predicted_total"]) == pytest.approx(float(total), abs=1e-3)
            assert float(row["lower_total"]) == pytest.approx(float(total) / factor, rel=1e-6)
            assert float(row["upper_total"]) == pytest.approx(float(total) * factor, rel=1e-6)
            assert (row["customers"], row["fallbacks"], row["origins"]) == (CUSTOMERS, 0, 4)


def test_the_commands_say_what_the_tables_say(home: Home) -> None:
    """`ltv forecast fit` and `backtest --rolling` by default are the marts of as_of."""
    day, models = fit_as_of(home.settings)
    assert day == AS_OF
    stored = {
        (row["model"], row["parameter"]): (row["value"], row["standard_error"])
        for row in home.published("SELECT * FROM forecast_models")
    }
    for model in models:
        for name, value in model.parameters.items():
            assert stored[model.name, name] == (value, model.standard_errors[name])
    rows = home.values(
        "SELECT origin, model, measure, predicted_total, rmse FROM forecast_backtest"
    )
    compared = rolling_backtest(home.settings)
    assert {(r.origin, r.model, r.measure, r.predicted_total, r.rmse) for r in compared} == {*rows}


def test_weeks_and_days_agree(home: Home) -> None:
    """The unit of time changes alpha, and nothing that is forecast."""
    for days, weeks in zip(
        fit_as_of(home.settings)[1], fit_as_of(home.settings, days_per_unit=7)[1], strict=True
    ):
        for name, value in days.parameters.items():
            assert value is not None
            other = weeks.parameters[name]
            assert other == pytest.approx(value / 7 if name == "alpha" else value, rel=1e-6)


def test_sampled_models_beside_the_likeliest(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each after the same model by likelihood, in the units of the data."""
    sampler = Sampler({"r": 0.5, "alpha": 10.0, "a": 0.8, "b": 2.4})
    values = Sampler({"p": 6.0, "q": 4.0, "v": 0.5})
    install(monkeypatch, ModifiedBetaGeoModel=sampler, GammaGammaModel=values)
    models = ["mbgnbd", "gamma_gamma"]
    found = {}
    for days in (1, 7):
        _, fitted = fit_as_of(home.settings, None, models, days, Sampling(draws=200))
        assert [(one.name, one.method) for one in fitted] == [
            (name, method) for name in models for method in ("likelihood", "bayes")
        ]
        for one in fitted:
            for name, value in one.parameters.items():
                lower, upper = one.lower[name], one.upper[name]
                assert lower is not None and value is not None and upper is not None
                assert lower < value < upper
        assert sampler.given["data"]["T"].mean() == pytest.approx(30)
        found[days] = fitted[1].parameters["alpha"]
    day, week = found[1], found[7]
    assert day is not None and week is not None
    assert day == pytest.approx(7 * week)


def test_a_forecast_knows_only_what_was_known(home: Home, tmp_path: Path) -> None:
    """`ltv forecast fit --as-of D` says what `ltv run` would have said with LTV_AS_OF=D."""
    earlier = date(2024, 12, 1)
    then = built(shop(tmp_path, CUSTOMERS).under(as_of=earlier))
    stored = then.engine.rows("SELECT model, parameter, value FROM marts.forecast_models")
    _, models = fit_as_of(home.settings, earlier)
    now = [(m.name, name, value) for m in models for name, value in m.parameters.items()]
    assert sorted(now) == sorted(stored)


def test_the_order_of_rows_changes_nothing(home: Home, tmp_path: Path) -> None:
    """Same rows in, same tables out, to the last digit."""
    other = shop(tmp_path, CUSTOMERS, backwards=True)
    other.load("customers", "silent,2024-02-01,FR,ads,c1")
    built(other)
    for table in (
        "purchase_histories",
        "forecast_models",
        "purchase_forecasts",
        "ltv_forecast",
        "forecast_backtest",
        "forecast_totals",
    ):
        rows = f"SELECT * FROM marts.{table} ORDER BY ALL"
        assert other.engine.rows(rows) == home.engine.rows(rows), table


def test_one_price_leaves_no_model_of_values(tmp_path: Path) -> None:
    """Where gamma_gamma cannot be used, a purchase is worth what the customer's were, marked so."""
    engine = built(shop(tmp_path, CUSTOMERS, one_price=True)).engine
    rows = engine.fetch(
        "SELECT * FROM marts.ltv_forecast JOIN marts.purchase_histories USING (customer_id)"
    ).to_pylist()
    assert {(row["status"], row["method"]) for row in rows} == {("at_bound", "own_mean")}
    for row in rows:
        value = float(row["purchase_value"]) / row["purchase_days"]
        expected = row["expected_purchases_d90"] * value
        assert float(row["expected_revenue_d90"]) == pytest.approx(expected, abs=1e-6)
        assert row["lower_revenue_d90"] is row["upper_revenue_d90"] is None
    spend = engine.rows(
        "SELECT DISTINCT model, status, predicted_total IS NULL FROM marts.forecast_backtest "
        "WHERE measure = 'spend' AND model IN ('mbgnbd', 'zero') ORDER BY 1"
    )
    assert spend == [("mbgnbd", "at_bound", True), ("zero", "ok", False)]
    totals = engine.rows(
        "SELECT DISTINCT fallbacks, lower_total, origins FROM marts.forecast_totals "
        "WHERE measure = 'spend'"
    )
    assert totals == [(CUSTOMERS, None, 0)]


def test_customers_who_are_all_alike_have_the_model_at_its_bound(tmp_path: Path) -> None:
    """docs/forecasts.md: the limit of the model is used and marked; it beats both rates."""
    engine = built(shop(tmp_path, CUSTOMERS, alike=True)).engine
    told = engine.rows(
        "SELECT DISTINCT status, method, p_alive IS NULL, upper_revenue_d90 IS NULL "
        "FROM marts.ltv_forecast"
    )
    assert told == [("at_bound", "model_at_bound", False, False)]
    errors = dict(
        engine.rows(
            "SELECT model, ABS(bias) FROM marts.forecast_backtest WHERE measure = 'transactions' "
            "AND origin = (SELECT MAX(origin) FROM marts.forecast_backtest)"
        )
    )
    assert errors["mbgnbd"] < min(errors["rate_x_T"], errors["rate_n_T"]) / 2
    [(fallbacks, lower)] = engine.rows(
        "SELECT fallbacks, lower_total < predicted_total FROM marts.forecast_totals "
        "WHERE measure = 'spend' AND horizon_days = 90"
    )
    assert (fallbacks, lower) == (CUSTOMERS, True)
