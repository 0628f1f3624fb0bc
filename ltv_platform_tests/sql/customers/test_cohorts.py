"""metrics.md §3, customer_cohort_curve and ltv_by_cohort: equal age, maturity, filters."""

from calendar import monthrange
from datetime import date
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from ltv_platform.tables.rendering import _environment
from ltv_platform_tests.sql.customers.marts import Contact, Marts, Purchase

CURVE = (
    "SELECT age_month, customers, purchasing_customers, revenue, refunds, cumulative_revenue, "
    "cumulative_ltv_per_customer, mature FROM marts.customer_cohort_curve "
    "WHERE cohort_month = DATE '2025-01-01' ORDER BY 1"
)


def test_a_curve() -> None:
    """Months of age are each customer's own; net revenue adds up; ages not begun are absent.

    As of 20 March a (registered on 5 January) is in its third month of age, b (on 31 January) in
    its second: 28 February was the end of its first.
    """
    marts = Marts("2025-03-20").build(
        [("a", "2025-01-05 10:00"), ("b", "2025-01-31 10:00")],
        [
            Purchase("a", "2025-01-05 10:00", 10),
            Purchase("a", "2025-02-04 23:59", 20),
            Purchase("a", "2025-02-05 00:00", 40),
            Purchase("b", "2025-02-27 23:00", 1),
            Purchase("b", "2025-02-28 00:00", 2),
            Purchase("a", "2025-03-05 09:00", 5, refund=True),
        ],
    )
    assert marts.rows(CURVE) == [
        (0, 2, 2, 31, 0, 31, 15.5, True),
        (1, 2, 2, 42, 0, 73, None, False),
        (2, 2, 0, -5, 5, 68, None, False),
    ]
    assert marts.rows(
        "SELECT total_ltv, avg_ltv, total_ltv_m1, avg_ltv_m1, avg_ltv_m3, avg_ltv_m12 "
        "FROM marts.ltv_by_cohort"
    ) == [(68, 34.0, 31, 15.5, None, None)]


def test_figures_of_a_cohort() -> None:
    """Mean and median over all customers, buyers or not; a row per month with registrations."""
    marts = Marts("2025-05-31").build(
        [(name, "2025-01-10 10:00") for name in "abcd"] + [("e", "2025-04-01 00:00")],
        [
            Purchase("a", "2025-01-11 10:00", 10, "o1"),
            Purchase("a", "2025-01-11 10:00", 30, "o1"),
            Purchase("b", "2025-03-11 10:00", 6),
        ],
    )
    assert marts.rows(
        "SELECT CAST(cohort_month AS VARCHAR), customers, purchasing_customers, total_ltv, "
        "avg_ltv, median_ltv, total_transactions, avg_transactions, avg_ltv_m1, avg_ltv_m3 "
        "FROM marts.ltv_by_cohort ORDER BY 1"
    ) == [
        ("2025-01-01", 4, 2, 46, 11.5, 3.0, 3, 0.75, 10.0, 11.5),
        ("2025-04-01", 1, 0, 0, 0.0, 0.0, 0, 0.0, 0.0, None),
    ]


@pytest.mark.parametrize(
    ("watermark", "mature"), [("2025-03-31 21:59:59", False), ("2025-03-31 22:00:00", True)]
)
def test_a_month_is_mature_when_the_youngest_has_lived_it(watermark: str, mature: bool) -> None:
    """NULL until its youngest customer is mature by the revenue watermark.

    Registered on 1 March in Berlin, where midnight of 1 April is 22:00 UTC: the clock was put
    forward in between.
    """
    marts = Marts("2025-04-01", watermark, timezone="Europe/Berlin").build(
        [("a", "2025-02-28 23:30")], [Purchase("a", "2025-03-31 21:30", 8)]
    )
    sql = "SELECT age_month, revenue, mature FROM marts.customer_cohort_curve ORDER BY 1"
    assert marts.rows(sql) == [(0, 8, mature), (1, 0, False)]
    sql = "SELECT total_ltv, avg_ltv_m1 FROM marts.ltv_by_cohort"
    assert marts.rows(sql) == [(8, 8.0 if mature else None)]


def test_what_came_before_the_registration_is_of_no_age() -> None:
    """It counts in ltv, and neither in the curve nor in retention, on the same day or earlier."""
    marts = Marts("2025-02-28").build(
        [("a", "2025-01-05 10:00")],
        [
            Purchase("a", "2024-12-20 10:00", 100),
            Purchase("a", "2025-01-05 09:59", 10),
            Purchase("a", "2025-01-05 10:00", 1),
        ],
    )
    assert marts.rows("SELECT ltv FROM marts.customer_ltv") == [111]
    assert marts.rows("SELECT total_ltv, avg_ltv_m1 FROM marts.ltv_by_cohort") == [(111, 1.0)]
    assert marts.rows("SELECT SUM(revenue) FROM marts.customer_cohort_curve") == [1]
    assert marts.rows(
        "SELECT months_since_registration, active_customers FROM marts.customer_retention "
        "WHERE activity = 'purchase' ORDER BY 1"
    ) == [(0, 1), (1, 0)]


def test_under_calendar_windows_the_day_of_registration_counts() -> None:
    """LTV_WINDOW=calendar takes whole days: what came hours before is of that day."""
    marts = Marts("2025-02-28", window="calendar").build(
        [("a", "2025-01-05 10:00")], [Purchase("a", "2025-01-05 09:59", 10)]
    )
    assert marts.rows("SELECT SUM(revenue) FROM marts.customer_cohort_curve") == [10]


def _full_months(start: date, day: date) -> int:
    """Months between as people count them, by trying: the last start of a month not after day."""
    months = 0
    while True:
        year, month = divmod(start.month - 1 + months + 1, 12)
        year, month = start.year + year, month + 1
        begins = date(year, month, min(start.day, monthrange(year, month)[1]))
        if begins > day:
            return months
        months += 1


def test_months_of_age_over_the_ends_of_months() -> None:
    """A month of age begins on the day of the month, or on the last of one that is too short."""
    template = _environment().from_string(
        "{% import 'macros/months.sql' as months with context %}"
        "SELECT CAST(start AS DATE) AS start, CAST(start + later AS DATE) AS day, "
        "{{ months.months_of_age('start', '(start + later)') }} AS age "
        "FROM (SELECT DATE '2023-12-28' + CAST(s AS INTEGER) AS start FROM range(66) AS r(s)) AS d "
        "CROSS JOIN (SELECT CAST(l AS INTEGER) AS later FROM range(800) AS r(l)) AS e"
    )
    rows = Marts("2025-01-01").rows(template.render())
    assert len(rows) == 66 * 800
    wrong = [row for row in rows if row[2] != _full_months(row[0], row[1])]
    assert not wrong


def _over(marts: Marts, table: str, condition: str, **inputs: str) -> str:
    """A table's SELECT over the customers for whom a condition holds, as an API would ask it."""
    tree = sqlglot.parse_one(marts.graph[table].sql, dialect="duckdb")
    for cte in tree.find_all(exp.CTE):
        if cte.alias == "chosen":
            cte.this.where(condition, copy=False, dialect="duckdb")
        elif cte.alias in inputs:
            cte.set("this", sqlglot.parse_one(inputs[cte.alias], dialect="duckdb"))
    return tree.sql(dialect="duckdb")


def test_filters_of_customers_apply_before_anything_is_added_up() -> None:
    """Each SELECT over chosen customers gives what a shop with these customers alone has."""
    customers = [("a", "2025-01-05 10:00"), ("b", "2025-01-31 10:00"), ("c", "2025-02-01 10:00")]
    purchases = [
        Purchase(name, f"2025-0{month}-1{day} 10:00", day + month)
        for day, name in enumerate("abcb")
        for month in (2, 3, 4)
    ]
    contacts = [Contact("a", "2025-03-01 10:00"), Contact("b", "2025-02-01 10:00")]
    everybody = Marts("2025-04-30").build(
        customers, purchases, contacts, contacts, countries=["DE", "US", "DE"]
    )
    germans = Marts("2025-04-30").build(
        [customers[0], customers[2]],
        [p for p in purchases if p.customer != "b"],
        contacts[:1],
        contacts[:1],
        countries=["DE", "DE"],
    )
    chosen: dict[str, Any] = {
        table: _over(everybody, table, "country = 'DE'")
        for table in ("marts.customer_ltv", "marts.customer_cohort_curve")
    }
    chosen["marts.customer_retention"] = _over(
        everybody, "marts.customer_retention", "country = 'DE'"
    )
    chosen["marts.ltv_by_cohort"] = _over(
        everybody,
        "marts.ltv_by_cohort",
        "country = 'DE'",
        curve=chosen["marts.customer_cohort_curve"],
    )
    for table, sql in chosen.items():
        expected = germans.tables()[table]
        assert expected, table
        assert everybody.asked(sql) == expected, table
