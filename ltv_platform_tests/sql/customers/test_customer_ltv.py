"""metrics.md §3, customer_ltv: every column, orders, refunds, zones, bad input."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ltv_platform_tests.sql.customers.marts import Marts, Purchase
from ltv_platform_tests.testing.home import Home

ORDERS = "transaction_id,customer_id,transaction_date,amount,is_refund,order_id"


def test_every_column(tmp_path: Path) -> None:
    """One row per customer, those without transactions too; frequency is per order, not per line.

    Order o1 has lines on two days; the id of another looks like a day on which two more lines
    have none, and these are one order of their own.
    """
    home = Home(tmp_path, as_of="2025-01-31")
    home.load(
        "customers",
        "a,2025-01-05 10:00:00,DE,ads,gold,0",
        "b,2025-01-06 10:00:00,,,,1",
        header="customer_id,registration_date,country,acquisition_source,segment,is_active",
    )
    home.load(
        "transactions",
        "t1,a,2025-01-05 11:00:00,10,0,o1",
        "t2,a,2025-01-07 09:00:00,5,0,o1",
        "t3,a,2025-01-08 09:00:00,7,0,2025-01-08",
        "t4,a,2025-01-08 10:00:00,3,0,",
        "t5,a,2025-01-08 23:59:59,4,0,",
        "t6,a,2025-01-09 09:00:00,2,1,o2",
        "t7,x,2025-01-09 09:00:00,99,0,o1",
        header=ORDERS,
    )
    home.publish()
    columns = home.published("SELECT * FROM customer_ltv ORDER BY ltv DESC, customer_id")
    assert columns == [
        {
            "customer_id": "a",
            "registration_date": datetime(2025, 1, 5, 10),
            "country": "DE",
            "segment": "gold",
            "acquisition_source": "ads",
            "is_active": False,
            "total_transactions": 5,
            "total_orders": 3,
            "total_refunds": 1,
            "gross_revenue": Decimal(29),
            "refund_amount": Decimal(2),
            "ltv": Decimal(27),
            "avg_order_value": 9.0,
            "first_transaction_date": datetime(2025, 1, 5, 11),
            "last_transaction_date": datetime(2025, 1, 8, 23, 59, 59),
            "tenure_days": 26,
        },
        {
            "customer_id": "b",
            "registration_date": datetime(2025, 1, 6, 10),
            "country": "(unknown)",
            "segment": None,
            "acquisition_source": None,
            "is_active": True,
            "total_transactions": 0,
            "total_orders": 0,
            "total_refunds": 0,
            "gross_revenue": 0,
            "refund_amount": 0,
            "ltv": 0,
            "avg_order_value": None,
            "first_transaction_date": None,
            "last_transaction_date": None,
            "tenure_days": 25,
        },
    ]
    unknown = home.values(
        "SELECT net_revenue FROM revenue_reconciliation WHERE bucket LIKE '%cust%'"
    )
    assert unknown == [99], "x is a line of the reconciliation and no row"


def test_an_order_is_one_customers() -> None:
    """The same order_id at two customers is an order of each; lines are not orders."""
    marts = Marts("2025-01-31").build(
        [("a", "2025-01-01 00:00"), ("b", "2025-01-01 00:00")],
        [
            *(Purchase("a", "2025-01-02 10:00", order="1") for _ in range(4)),
            Purchase("b", "2025-01-02 10:00", order="1"),
        ],
    )
    sql = "SELECT customer_id, total_transactions, total_orders FROM marts.customer_ltv ORDER BY 1"
    assert marts.rows(sql) == [("a", 4, 1), ("b", 1, 1)]


def test_refunds_alone_and_above_purchases() -> None:
    """Negative LTV stays negative; without an order there is no average of orders."""
    marts = Marts("2025-01-31").build(
        [("alone", "2025-01-01 00:00"), ("above", "2025-01-01 00:00")],
        [
            Purchase("alone", "2025-01-02 10:00", 3, "o1", refund=True),
            Purchase("above", "2025-01-02 10:00", 5, "o1"),
            Purchase("above", "2025-01-03 10:00", 7, "o1", refund=True),
        ],
    )
    sql = (
        "SELECT customer_id, total_orders, total_refunds, ltv, avg_order_value, "
        "first_transaction_date FROM marts.customer_ltv ORDER BY 1"
    )
    assert marts.rows(sql) == [
        ("above", 1, 1, -2, -2.0, datetime(2025, 1, 2, 10)),
        ("alone", 0, 1, -3, None, None),
    ]
    sql = "SELECT customers, purchasing_customers, total_ltv, avg_ltv FROM marts.ltv_by_cohort"
    assert marts.rows(sql) == [(2, 1, -5, -2.5)]


def test_days_are_those_of_the_reporting_zone() -> None:
    """A day is one of LTV_TIMEZONE: of orders without order_id, of recency and of tenure.

    In Berlin the clock is put forward on 30 March: 22:30 UTC is 23:30 on the 29th, 00:30 on the
    31st a day later.
    """
    marts = Marts("2025-04-01", timezone="Europe/Berlin").build(
        [("a", "2025-02-28 23:30")],
        [
            Purchase("a", "2025-03-29 22:30"),
            Purchase("a", "2025-03-29 23:30"),
            Purchase("a", "2025-03-30 21:30"),
            Purchase("a", "2025-03-30 22:30"),
        ],
    )
    assert marts.rows("SELECT total_orders, tenure_days FROM marts.customer_ltv") == [(3, 31)]
    assert marts.rows("SELECT recency_days FROM marts.rfm_segments") == [1]
    assert marts.rows("SELECT CAST(cohort_month AS VARCHAR) FROM marts.ltv_by_cohort") == [
        "2025-03-01"
    ]


@pytest.mark.parametrize("purchases", [(), ("t1,nobody,2025-01-02 10:00:00,5,0",)])
def test_no_customers_at_all(tmp_path: Path, purchases: tuple[str, ...]) -> None:
    """`ltv run` after any subset of sources publishes every table: these are empty then."""
    home = Home(tmp_path)
    if purchases:
        home.load("transactions", *purchases)
    home.publish()
    tables = ("customer_ltv", "ltv_by_cohort", "customer_cohort_curve", "customer_retention")
    for table in (*tables, "rfm_segments", "rfm_migration"):
        assert home.values(f"SELECT COUNT(*) FROM {table}") == [0], table


def test_as_of_before_the_data(tmp_path: Path) -> None:
    """Later events are ignored everywhere: before the first, nobody is a customer."""
    home = Home(tmp_path, as_of="2024-12-31")
    home.load("customers", "a,2025-01-05 10:00:00,DE,ads,c1")
    home.load("transactions", "t1,a,2025-01-05 11:00:00,10,0")
    home.publish()
    assert home.values("SELECT COUNT(*) FROM customer_ltv") == [0]
    later = home.under(as_of="2025-01-05")
    later.publish()
    assert later.values("SELECT ltv, tenure_days FROM customer_ltv") == [(10, 0)]


def test_one_customer_without_transactions() -> None:
    """There is a row for it in every table, and no figure that divides by nothing."""
    marts = Marts("2025-02-28").build([("a", "2025-01-05 10:00")])
    assert marts.rows("SELECT ltv, avg_order_value FROM marts.customer_ltv") == [(0, None)]
    assert marts.rows(
        "SELECT customers, purchasing_customers, avg_ltv, median_ltv, avg_transactions, "
        "avg_ltv_m1, avg_ltv_m3 FROM marts.ltv_by_cohort"
    ) == [(1, 0, 0.0, 0.0, 0.0, 0.0, None)]
    assert marts.rows("SELECT segment, status, monetary FROM marts.rfm_segments") == [
        ("Prospects", "small_base", 0)
    ]
    assert marts.rows("SELECT from_segment, to_segment FROM marts.rfm_migration") == [
        ("(new)", "Prospects")
    ]
    assert marts.rows("SELECT SUM(active_customers), COUNT(*) FROM marts.customer_retention") == [
        (0, 6)
    ]
