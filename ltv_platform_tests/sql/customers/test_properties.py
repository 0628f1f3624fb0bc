"""What holds for any customers: order of rows, equal customers, retention that only falls."""

from collections import defaultdict
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltv_platform_tests.sql.customers.marts import Contact, Marts, Purchase
from ltv_platform_tests.testing.examples import PROFILE

#: Few enough that many share a value, and that orders, days and customers meet.
_CUSTOMERS = tuple(f"c{n:02d}" for n in range(24))

#: Customers, purchases, interactions and sessions.
Shop = tuple[list[tuple[str, str]], list[Purchase], list[Contact], list[Contact]]

instants = st.builds(
    "2025-{:02d}-{:02d} {:02d}:30".format,
    st.integers(1, 6),
    st.sampled_from((1, 2, 15, 27, 28)),
    st.sampled_from((0, 12, 23)),
)
who = st.sampled_from((*_CUSTOMERS, "nobody"))
shops = st.tuples(
    st.lists(instants, max_size=len(_CUSTOMERS)).map(
        lambda at: list(zip(_CUSTOMERS, at, strict=False))
    ),
    st.lists(
        st.builds(
            Purchase,
            who,
            instants,
            st.sampled_from((0, 1, "2.5")),
            st.sampled_from((None, None, "o1", "2025-01-01")),
            st.sampled_from((False, False, False, True)),
        ),
        max_size=60,
    ),
    st.lists(st.builds(Contact, who, instants), max_size=10),
    st.lists(st.builds(Contact, who, instants), max_size=10),
)


@pytest.fixture(scope="module")
def zones() -> dict[str, Marts]:
    """The marts of the end of June, by reporting zone."""
    return {
        zone: Marts("2025-06-28", timezone=zone, migration_days=60)
        for zone in ("UTC", "America/New_York")
    }


zone_names = st.sampled_from(("UTC", "America/New_York"))


@PROFILE
@given(zone=zone_names, shop=shops, seed=st.integers())
def test_the_order_of_rows_does_not_matter(
    zones: dict[str, Marts], zone: str, shop: Shop, seed: int
) -> None:
    """Equal tables for any order of rows."""
    marts = zones[zone]
    expected = marts.build(*shop).tables()
    chance = Random(seed)
    customers, purchases, interactions, sessions = shop
    shuffled = marts.build(
        chance.sample(customers, len(customers)),
        chance.sample(purchases, len(purchases)),
        chance.sample(interactions, len(interactions)),
        chance.sample(sessions, len(sessions)),
    )
    assert shuffled.tables() == expected


@PROFILE
@given(zone=zone_names, shop=shops)
def test_customers_and_money_are_neither_lost_nor_doubled(
    zones: dict[str, Marts], zone: str, shop: Shop
) -> None:
    """Every customer once in every table, and each cent of theirs in each sum."""
    customers, purchases, *_ = shop
    marts = zones[zone].build(*shop)
    names = sorted(name for name, _ in customers)
    for table in ("customer_ltv", "rfm_segments"):
        assert marts.rows(f"SELECT customer_id FROM marts.{table} ORDER BY 1") == names
    worth: dict[str, float] = defaultdict(float)
    for line in purchases:
        worth[line.customer] += float(line.amount) * (-1 if line.refund else 1)
    expected = [worth[name] for name in names]
    assert marts.rows("SELECT ltv FROM marts.customer_ltv ORDER BY customer_id") == expected
    for column, table in (
        ("total_ltv", "ltv_by_cohort"),
        ("monetary", "rfm_segments"),
        ("monetary", "rfm_migration"),
    ):
        [total] = marts.rows(f"SELECT COALESCE(SUM({column}), 0) FROM marts.{table}")
        assert total == sum(expected), table
    since = sum(
        float(line.amount) * (-1 if line.refund else 1)
        for line in purchases
        if line.at >= dict(customers).get(line.customer, "9999")
    )
    [grown] = marts.rows("SELECT COALESCE(SUM(revenue), 0) FROM marts.customer_cohort_curve")
    assert grown == since


@PROFILE
@given(zone=zone_names, shop=shops)
def test_equal_customers_have_equal_scores(zones: dict[str, Marts], zone: str, shop: Shop) -> None:
    """Equal values of R, F or M get equal scores, greater ones no lower; every score is 1 to 5."""
    marts = zones[zone].build(*shop)
    for value, score, sign in (
        ("recency_days", "r_score", -1),
        ("frequency", "f_score", 1),
        ("monetary", "m_score", 1),
    ):
        rows = marts.rows(
            f"SELECT DISTINCT {value}, {score} FROM marts.rfm_segments "
            "WHERE segment <> 'Prospects' ORDER BY ALL"
        )
        values = [row[0] for row in rows]
        assert len(values) == len(set(values))
        scores = [row[1] * sign for row in rows]
        assert scores == sorted(scores)
        assert {abs(score) for score in scores} <= {1, 2, 3, 4, 5}
    assert marts.rows(
        "SELECT COUNT(*) FROM marts.rfm_segments "
        "WHERE (segment = 'Prospects') <> (r_score IS NULL OR f_score IS NULL OR m_score IS NULL)"
    ) == [0]


@PROFILE
@given(zone=zone_names, shop=shops)
def test_retention_only_falls(zones: dict[str, Marts], zone: str, shop: Shop) -> None:
    """Unbounded retention is never below bounded and never rises; any is at least each kind."""
    marts = zones[zone].build(*shop)
    rows = marts.rows(
        "SELECT cohort_month, activity, months_since_registration, active_customers, "
        "active_or_later_customers, cohort_size FROM marts.customer_retention ORDER BY ALL"
    )
    assert all(size >= later >= active >= 0 for *_, active, later, size in rows)
    curves: dict[tuple[Any, str], list[tuple[int, int]]] = defaultdict(list)
    for cohort, activity, month, active, later, _ in rows:
        assert month == len(curves[cohort, activity]), "every month that has ended, from 0 on"
        curves[cohort, activity].append((active, later))
    for (cohort, _), curve in curves.items():
        later = [value for _, value in curve]
        assert later == sorted(later, reverse=True)
        anything = curves[cohort, "any"]
        assert all(a >= b for a, b in zip(anything, curve, strict=True))
