"""Real data: Online Retail against an independent computation in pandas, CDNOW's repeat buyers."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest

from ltv_platform.ingestion.load import Request, ingest
from ltv_platform_tests.sql.customers.marts import CUSTOMERS
from ltv_platform_tests.sql.customers.test_rfm import SEGMENTS
from ltv_platform_tests.testing.home import Home

#: All months of Online Retail have ended then, the last one too, of which nine days are known.
AS_OF = date(2011, 12, 31)


@pytest.fixture(scope="module")
def retail(reference_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Online Retail, loaded by its adapters and built."""
    home = Home(tmp_path_factory.mktemp("retail"), as_of=AS_OF)
    file = reference_data / "online_retail" / "online_retail.csv.gz"
    _load(home, file, "online_retail")
    home.refresh()
    return home


@pytest.fixture(scope="module")
def lines(reference_data: Path) -> pd.DataFrame:
    """Its lines with a customer; net is money in thousandths, refunds are negative."""
    file = pd.read_csv(
        reference_data / "online_retail" / "online_retail.csv.gz", dtype={"InvoiceNo": str}
    )
    file = file[file["CustomerID"].notna()]
    at = pd.to_datetime(file["InvoiceDate"])
    frame = pd.DataFrame(
        {
            "customer": file["CustomerID"].astype(int).astype(str),
            "at": at,
            "day": at.dt.normalize(),
            "invoice": file["InvoiceNo"],
            "net": (file["Quantity"] * file["UnitPrice"] * 1000).round().astype(int),
        }
    )
    frame["refund"] = frame["net"] < 0
    registered = frame.groupby("customer")["day"].min().rename("registered")
    frame = frame.join(registered, on="customer")
    frame["cohort"] = frame["registered"].dt.to_period("M")
    return frame


@pytest.fixture(scope="module")
def customers(lines: pd.DataFrame) -> pd.DataFrame:
    """What each customer bought, from the lines."""
    bought = lines[~lines["refund"]]
    frame = pd.DataFrame({"net": lines.groupby("customer")["net"].sum()})
    frame["cohort"] = lines.groupby("customer")["cohort"].first()
    frame["registered"] = lines.groupby("customer")["registered"].first()
    frame["purchases"] = bought.groupby("customer").size()
    frame["orders"] = bought.groupby("customer")["invoice"].nunique()
    frame["refunds"] = lines[lines["refund"]].groupby("customer").size()
    frame["last"] = bought.groupby("customer")["day"].max()
    counts = ["purchases", "orders", "refunds"]
    frame[counts] = frame[counts].fillna(0).astype(int)
    return frame.sort_index()


def _load(home: Home, file: Path, adapter: str) -> None:
    requests = [
        Request("transactions", file, adapter),
        Request("customers", file, f"{adapter}_customers"),
    ]
    for outcome in ingest(home.engine, requests):
        assert outcome.error is None, outcome.error


def _money(thousandths: float) -> Decimal:
    return Decimal(int(thousandths)) / 1000


def test_all_revenue_is_somebodys(retail: Home) -> None:
    """Σ ltv = 8,300,065.81; with what guests bought, all of the data; every customer once."""
    [(ltv, rows, names)] = retail.engine.rows(
        "SELECT SUM(ltv), COUNT(*), COUNT(DISTINCT customer_id) FROM marts.customer_ltv"
    )
    [(unknown,)] = retail.engine.rows(
        "SELECT COUNT(*) FROM core.waiting_for_customer WHERE table_name = 'transactions'"
    )
    [(net, guests)] = retail.engine.rows(
        "SELECT SUM(net), SUM(net) FILTER (WHERE customer_id = '(guest)') FROM (SELECT *, "
        "CASE WHEN is_refund THEN -amount ELSE amount END AS net FROM core.transactions)"
    )
    assert (ltv + guests, unknown) == (net, 0)
    assert (round(ltv, 2), guests) == (Decimal("8300065.81"), Decimal("1447682.12"))
    assert (rows, names) == (4372, 4372)
    assert retail.engine.rows("SELECT COUNT(*) FROM marts.rfm_segments") == [(4372,)]


def test_purchasers_and_orders(retail: Home) -> None:
    """4,339 purchasers, 4,275 of them active in their month 0; median 2 orders, not 41 lines."""
    assert retail.engine.rows(
        "SELECT COUNT(*), MEDIAN(total_orders), MEDIAN(total_transactions) "
        "FROM marts.customer_ltv WHERE total_transactions > 0"
    ) == [(4339, 2.0, 41.0)]
    assert retail.engine.rows(
        "SELECT SUM(active_customers) FROM marts.customer_retention "
        "WHERE activity = 'purchase' AND months_since_registration = 0"
    ) == [(4275,)]


def test_customer_ltv_equals_pandas(retail: Home, customers: pd.DataFrame) -> None:
    """Lines, orders, refunds, money and tenure of each customer."""
    given = retail.engine.rows(
        "SELECT customer_id, total_transactions, total_orders, total_refunds, ltv, tenure_days "
        "FROM marts.customer_ltv ORDER BY customer_id"
    )
    tenure = (pd.Timestamp(AS_OF) - customers["registered"]).dt.days
    columns = (customers[name] for name in ("purchases", "orders", "refunds", "net"))
    expected = [
        (name, p, o, r, _money(net), days)
        for name, p, o, r, net, days in zip(customers.index, *columns, tenure, strict=True)
    ]
    assert given == expected


def _cumulative(lines: pd.DataFrame) -> pd.DataFrame:
    """Net thousandths by cohort and month of age, added up."""
    ends = lines["day"].dt.days_in_month
    begins = lines["registered"].dt.day.where(lines["registered"].dt.day <= ends, ends)
    months = (lines["day"].dt.year - lines["registered"].dt.year) * 12
    months += lines["day"].dt.month - lines["registered"].dt.month
    age = months - (lines["day"].dt.day < begins).astype(int)
    return lines.groupby(["cohort", age])["net"].sum().unstack(fill_value=0).cumsum(axis=1)


def test_cohorts_equal_pandas(retail: Home, lines: pd.DataFrame, customers: pd.DataFrame) -> None:
    """Totals, means, medians and the readings at equal age of all 13 months."""
    given = retail.engine.rows(
        "SELECT strftime(cohort_month, '%Y-%m'), customers, purchasing_customers, total_ltv, "
        "median_ltv, total_transactions, avg_ltv_m1, avg_ltv_m3, avg_ltv_m6, avg_ltv_m12 "
        "FROM marts.ltv_by_cohort ORDER BY 1"
    )
    grown = _cumulative(lines)
    assert len(given) == 13
    for row, (cohort, group) in zip(given, customers.groupby("cohort"), strict=True):
        youngest = group["registered"].max()
        readings = [
            grown[months - 1][cohort] / 1000 / len(group)
            if youngest + pd.DateOffset(months=months) <= pd.Timestamp(2012, 1, 1)
            else None
            for months in (1, 3, 6, 12)
        ]
        assert row[:6] == (
            str(cohort),
            len(group),
            (group["purchases"] > 0).sum(),
            _money(group["net"].sum()),
            pytest.approx(group["net"].median() / 1000),
            group["purchases"].sum(),
        )
        assert list(row[6:]) == [r if r is None else pytest.approx(r) for r in readings], cohort


def test_curve_and_retention_equal_pandas(
    retail: Home, lines: pd.DataFrame, customers: pd.DataFrame
) -> None:
    """Cumulative revenue at each age; who bought in each month, and in it or later."""
    given = {
        (month, age): value
        for month, age, value in retail.engine.rows(
            "SELECT strftime(cohort_month, '%Y-%m'), age_month, cumulative_revenue "
            "FROM marts.customer_cohort_curve"
        )
    }
    for age, values in _cumulative(lines).items():
        for cohort, value in values.items():
            if (str(cohort), age) in given:
                assert given[str(cohort), age] == _money(value), (cohort, age)
    assert len(given) == sum(range(1, 14)), "as of 31 December each cohort's oldest begins a month"
    bought = lines[~lines["refund"]]
    month = bought["day"].dt.to_period("M")
    active = bought.groupby(["cohort", month])["customer"].nunique()
    last = bought.assign(month=month).groupby(["cohort", "customer"])["month"].max()
    sizes = customers.groupby("cohort").size()
    for text, since, size, in_it, later in retail.engine.rows(
        "SELECT strftime(cohort_month, '%Y-%m'), months_since_registration, cohort_size, "
        "active_customers, active_or_later_customers FROM marts.customer_retention "
        "WHERE activity = 'purchase'"
    ):
        cohort = pd.Period(text, "M")
        expected = (
            sizes.at[cohort],
            active.get((cohort, cohort + since), 0),
            (last.xs(cohort) >= cohort + since).sum(),
        )
        assert (size, in_it, later) == expected, (text, since)


def _fifth(values: "pd.Series[Any]") -> "pd.Series[Any]":
    share = (values.rank(method="min") - 1) / (len(values) - 1)
    return (1 + (5 * share).astype(int)).clip(upper=5)


def test_rfm_equals_pandas(retail: Home, customers: pd.DataFrame) -> None:
    """Scores and segments of all purchasers."""
    buyers = customers[customers["purchases"] > 0]
    recency = (pd.Timestamp(AS_OF) - buyers["last"]).dt.days
    scores = zip(
        buyers.index,
        6 - _fifth(recency),
        _fifth(buyers["orders"]),
        _fifth(buyers["net"]),
        strict=True,
    )
    names = {(int(r), int(f)): name for rs, fs, name in SEGMENTS for r in rs for f in fs}
    expected = [(name, r, f, m, names[r, f], "ok") for name, r, f, m in scores]
    given = retail.engine.rows(
        "SELECT customer_id, r_score, f_score, m_score, segment, status FROM marts.rfm_segments "
        "WHERE r_score IS NOT NULL ORDER BY customer_id"
    )
    assert given == expected


@pytest.fixture(scope="module")
def cdnow(
    reference_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, list[Any]]]:
    """The customer marts of the CDNOW sample, its rows in their order and in another."""
    records = (reference_data / "cdnow" / "CDNOW_sample.txt").read_text("utf-8").splitlines()
    orders = {"given": records, "permuted": Random(7).sample(records, len(records))}
    tables = {}
    for order, rows in orders.items():
        folder = tmp_path_factory.mktemp(order)
        file = folder / "CDNOW_sample.txt"
        file.write_text("\n".join(rows) + "\n", "utf-8")
        home = Home(folder / "home")
        _load(home, file, "cdnow_sample")
        home.refresh()
        tables[order] = {
            line.table: home.engine.rows(f"SELECT * FROM {line.table} ORDER BY ALL")
            for line in CUSTOMERS
        }
    return tables


def test_who_bought_once_has_one_score(cdnow: dict[str, dict[str, list[Any]]]) -> None:
    """CDNOW sample: the one-order customers (1,218 by purchase day) all share one F score."""
    rows = cdnow["given"]["marts.rfm_segments"]
    once = [row for row in rows if row[2] == 1]
    assert (len(rows), len(once), {row[5] for row in once}) == (2357, 1218, {1})


def test_permuted_rows_give_identical_tables(cdnow: dict[str, dict[str, list[Any]]]) -> None:
    """The same file with its lines in another order gives every customer mart as it was."""
    assert cdnow["permuted"] == cdnow["given"]
