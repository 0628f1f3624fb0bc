"""metrics.md §3, customer_retention: bounded, unbounded, censored, by activity."""

from pathlib import Path

from ltv_platform_tests.sql.customers.marts import Contact, Marts, Purchase
from ltv_platform_tests.testing.home import Home

ROWS = (
    "SELECT months_since_registration, cohort_size, active_customers, retention_bounded, "
    "active_or_later_customers, retention_unbounded, censored FROM marts.customer_retention "
    "WHERE activity = '{}' AND cohort_month = DATE '2025-01-01' ORDER BY 1"
)


def test_bounded_unbounded_and_censored() -> None:
    """Active in that calendar month; in that or later; the last three months flagged.

    Zero rows are written; the month of as_of, which has not ended, is absent, but what was bought
    in it is "later" for those before.
    """
    marts = Marts("2025-06-15").build(
        [(name, "2025-01-31 10:00") for name in "abcd"],
        [
            Purchase("a", "2025-01-31 10:00"),
            Purchase("a", "2025-04-01 10:00"),
            Purchase("b", "2025-02-01 00:00"),
            Purchase("b", "2025-02-28 23:59"),
            Purchase("c", "2025-06-01 10:00"),
            Purchase("d", "2025-02-01 10:00", refund=True),
        ],
    )
    assert marts.rows(ROWS.format("purchase")) == [
        (0, 4, 1, 0.25, 3, 0.75, False),
        (1, 4, 1, 0.25, 3, 0.75, False),
        (2, 4, 0, 0.0, 2, 0.5, True),
        (3, 4, 1, 0.25, 2, 0.5, True),
        (4, 4, 0, 0.0, 1, 0.25, True),
    ]


def test_a_month_has_ended_on_its_last_day() -> None:
    """as_of is the end of a day: that of the last day ends the month."""
    for as_of, months in (("2025-01-30", 0), ("2025-01-31", 1), ("2025-02-27", 1)):
        marts = Marts(as_of).build([("a", "2025-01-05 10:00")])
        assert len(marts.rows(ROWS.format("any"))) == months, as_of


def test_kinds_of_activity() -> None:
    """purchase, interaction, any; a session is any alone, a refund none of them."""
    marts = Marts("2025-04-30").build(
        [(name, "2025-01-05 10:00") for name in "abcd"],
        [Purchase("a", "2025-02-01 10:00"), Purchase("d", "2025-02-01 10:00", refund=True)],
        [Contact("a", "2025-02-02 10:00"), Contact("b", "2025-03-02 10:00")],
        [Contact("c", "2025-04-02 10:00"), Contact("c", "2025-01-05 09:59")],
    )
    active = "SELECT activity, list(active_customers ORDER BY months_since_registration), "
    active += "list(active_or_later_customers ORDER BY months_since_registration) "
    active += "FROM marts.customer_retention GROUP BY activity ORDER BY activity"
    assert marts.rows(active) == [
        ("any", [0, 1, 1, 1], [3, 3, 2, 1]),
        ("interaction", [0, 1, 1, 0], [2, 2, 1, 0]),
        ("purchase", [0, 1, 0, 0], [1, 1, 0, 0]),
    ]


def test_months_are_those_of_the_reporting_zone() -> None:
    """In New York both registration and purchase are of the month before that of UTC."""
    marts = Marts("2025-03-31", timezone="America/New_York").build(
        [("a", "2025-02-01 04:59")], [Purchase("a", "2025-03-01 04:59")]
    )
    assert [row[:3] for row in marts.rows(ROWS.format("purchase"))] == [
        (0, 1, 0),
        (1, 1, 1),
        (2, 1, 0),
    ]


def test_a_month_ends_when_all_that_it_counts_is_known() -> None:
    """Purchases are known to 20 March only: March has ended for interactions and not for them."""
    months = "SELECT MAX(months_since_registration) FROM marts.customer_retention WHERE activity = "
    customers = [("a", "2025-01-05 10:00")]
    purchases = [Purchase("a", "2025-02-20 10:00")]

    def last_of(**known: str) -> list[int | None]:
        marts = Marts("2025-04-30", known.pop("purchases", None), known)
        marts.build(customers, purchases)
        return [
            marts.rows(f"{months}'{activity}'")[0]
            for activity in ("purchase", "interaction", "any")
        ]

    assert last_of(purchases="2025-03-20 10:00:00") == [1, 3, 1]
    assert last_of(purchases="2025-04-01 00:00:00") == [2, 3, 2]
    assert last_of(interactions="2025-03-31") == [3, 1, 1]
    assert last_of(interactions="2025-04-01") == [3, 2, 2]
    assert last_of(sessions="2025-02-10") == [3, 3, 0]


def test_a_feed_without_events_ends_no_month(tmp_path: Path) -> None:
    """Any uses the feeds that have events; each by its newest one."""
    home = Home(tmp_path, groups=("core", "customers"))
    home.load("customers", "a,2025-01-05 10:00:00,US,ads,")
    home.load("transactions", "t1,a,2025-03-20 10:00:00,5,0")
    home.load("campaign_costs", "c1,2025-04-30,US,1")
    home.publish()
    sql = (
        "SELECT activity, MAX(months_since_registration) FROM customer_retention "
        "GROUP BY activity ORDER BY 1"
    )
    assert home.values(sql) == [("any", 1), ("purchase", 1)]
    home.load("customer_interactions", "i1,a,2025-04-10 10:00:00,login")
    home.publish()
    assert home.values(sql) == [("any", 1), ("interaction", 2), ("purchase", 1)]
    home.load("transactions", "t2,a,2025-04-01 00:00:00,5,0")
    home.publish()
    assert home.values(sql) == [("any", 2), ("interaction", 2), ("purchase", 2)]
