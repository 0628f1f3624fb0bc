"""docs/forecasts.md "Without a model": a status and a fallback, never a silent number."""

import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.reports.forecasts import fit_as_of, rolling_backtest
from ltv_platform_tests.testing.home import Home


def home_of(folder: Path, *transactions: str, customers: int = 1, **settings: Any) -> Home:
    """A published home of customers a, b, … registered on 2025-01-01."""
    home = Home(folder, **{"as_of": "2025-07-01", "horizons": (7,), **settings})
    if customers:
        names = "abcdefgh"[:customers]
        home.load("customers", *(f"{name},2025-01-01 10:00:00,DE,ads,c1" for name in names))
    if transactions:
        home.load("transactions", *transactions)
    home.publish()
    return home


def test_few_customers_have_the_naive_forecast(tmp_path: Path) -> None:
    """The ltv per month of tenure continues: 60 in 181 days is 9.944751 in 30."""
    home = home_of(tmp_path, "t1,a,2025-01-01,40,0", "t2,a,2025-03-01,20,0", customers=2)
    row = home.one("SELECT * FROM ltv_forecast WHERE customer_id = 'a'")
    assert (row["status"], row["method"]) == ("too_few_customers", "naive")
    assert row["expected_revenue_d30"] == row["naive_revenue_d30"] == Decimal("9.944751")
    assert row["expected_purchases_d30"] == pytest.approx(2 / 181 * 30)
    assert row["p_alive"] is row["lower_revenue_d30"] is row["upper_revenue_d30"] is None
    models = home.values(
        "SELECT DISTINCT status, reason, customers FROM forecast_models ORDER BY 3"
    )
    assert models == [
        ("too_few_customers", "1 customers; a fit needs 100 or more", 1),
    ]
    assert home.values("SELECT COUNT(*) FROM purchase_forecasts") == [0]
    backtest = home.values(
        "SELECT DISTINCT origin, status, predicted_total, rmse FROM forecast_backtest ORDER BY 1"
    )
    days = (date(2025, 3, 3), date(2025, 5, 2))  # a third of 181 days apart
    assert backtest == [(day, "too_few_customers", None, None) for day in days]
    totals = home.one("SELECT * FROM forecast_totals WHERE measure = 'spend' AND horizon_days = 30")
    assert (totals["customers"], totals["fallbacks"], totals["origins"]) == (1, 1, 0)
    assert totals["lower_total"] is totals["upper_total"] is None


def test_nothing_at_all(tmp_path: Path) -> None:
    """Every table is published, with its statuses."""
    home = home_of(tmp_path, customers=0)
    assert home.values("SELECT COUNT(*) FROM forecast_models WHERE value IS NULL") == [11]
    for table in ("purchase_histories", "purchase_forecasts", "ltv_forecast", "forecast_backtest"):
        assert home.values(f"SELECT COUNT(*) FROM {table}") == [0]
    assert home.values("SELECT DISTINCT predicted_total FROM forecast_totals") == [0]


def test_as_of_before_the_data(tmp_path: Path) -> None:
    """Nothing is known on that day, of nobody."""
    home = home_of(tmp_path, "t1,a,2025-01-02,40,0", as_of="2024-12-31")
    assert home.values("SELECT COUNT(*) FROM ltv_forecast") == [0]
    models = home.values("SELECT DISTINCT status, customers, as_of FROM forecast_models")
    assert models == [("too_few_customers", 0, date(2024, 12, 31))]


def test_a_forecast_of_more_than_twelve_digits(tmp_path: Path) -> None:
    """999 billion in half a month would be 12 trillion in a year; rupiah can get that high."""
    home = home_of(tmp_path, "t1,a,2025-01-02,999000000000,0", as_of="2025-01-15")
    row = home.one("SELECT * FROM ltv_forecast")
    assert row["naive_revenue_d30"] == row["expected_revenue_d30"]
    assert float(row["naive_revenue_d30"]) == pytest.approx(999e9 * 30 / 30.4375)
    assert row["naive_revenue_d365"] == row["expected_revenue_d365"]
    assert float(row["naive_revenue_d365"]) == pytest.approx(999e9 * 365 / 30.4375)
    totals = home.values(
        "SELECT customers, predicted_total FROM forecast_totals "
        "WHERE measure = 'spend' AND horizon_days = 365"
    )
    assert totals == [(1, row["expected_revenue_d365"])]


def test_as_of_without_any_event(tmp_path: Path) -> None:
    """as_of is NULL before any event, and models and totals are not shown."""
    home = home_of(tmp_path, customers=0, as_of=None)
    assert home.values("SELECT COUNT(*) FROM forecast_models") == [0]
    assert home.values("SELECT COUNT(*) FROM forecast_totals") == [0]


def test_all_is_refunded(tmp_path: Path) -> None:
    """Customers without kept money have no purchase, and count as left out of every model."""
    home = home_of(
        tmp_path,
        "t1,a,2025-01-02,40,0",
        "t2,a,2025-01-05,40,1",
        "t3,b,2025-01-02,10,0",
        "t4,b,2025-02-02,25,1",
        customers=2,
    )
    rows = home.values("SELECT ltv, status, method, purchase_days FROM ltv_forecast ORDER BY 1")
    assert rows == [(-15, "no_purchase", "none", 0), (0, "no_purchase", "none", 0)]
    excluded = home.values(
        "SELECT DISTINCT model, customers, excluded_customers FROM forecast_models ORDER BY 1"
    )
    assert excluded == [("bgnbd", 0, 2), ("gamma_gamma", 0, 1), ("mbgnbd", 0, 2)]


def test_a_negative_ltv_stays_negative(tmp_path: Path) -> None:
    """Refunds above purchases: left out of gamma_gamma, with a count; the fallback is 0."""
    home = home_of(tmp_path, "t1,a,2025-01-02,50,1", "t2,a,2025-02-02,10,0", "t3,a,2025-03-02,20,0")
    row = home.one("SELECT * FROM ltv_forecast JOIN purchase_histories USING (customer_id)")
    assert (row["ltv"], row["purchase_days"], row["purchase_value"]) == (-20, 2, 30)
    assert row["naive_revenue_d30"] == Decimal("-3.314917")
    assert row["expected_revenue_d30"] == 0
    assert row["method"] == "naive"
    used = home.values(
        "SELECT DISTINCT model, customers, excluded_customers FROM forecast_models ORDER BY 1"
    )
    assert used == [("bgnbd", 1, 0), ("gamma_gamma", 0, 1), ("mbgnbd", 1, 0)]


def test_days_are_those_of_the_reporting_zone(tmp_path: Path) -> None:
    """Two purchases around midnight UTC are one purchase day in New York."""
    rows = ("t1,a,2025-03-01 23:00:00,5,0", "t2,a,2025-03-02 01:00:00,5,0")
    assert home_of(tmp_path / "utc", *rows).values(
        "SELECT purchase_days FROM purchase_histories"
    ) == [2]
    there = home_of(tmp_path / "there", *rows, timezone="America/New_York")
    [row] = there.published("SELECT * FROM purchase_histories")
    assert (row["purchase_days"], row["first_purchase_date"]) == (1, date(2025, 3, 1))
    assert row["purchase_value"] == 10


def test_few_customers_do_not_load_scipy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guards come first: a small home does not import what needs scipy."""
    for name in ("buy_till_you_die", "gamma_gamma", "intervals", "maximum_likelihood"):
        monkeypatch.setitem(sys.modules, f"ltv_platform.forecasting.{name}", None)
    home = home_of(tmp_path, "t1,a,2025-01-02,5,0", "t2,a,2025-02-02,10,0")
    assert [model.fit.status for model in fit_as_of(home.settings)[1]] == ["too_few_customers"] * 3
    assert {row.status for row in rolling_backtest(home.settings)} == {"too_few_customers"}
