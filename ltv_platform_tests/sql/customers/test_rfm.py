"""metrics.md §3, rfm_segments and rfm_migration: scores, segments, windows."""

from datetime import date, timedelta
from typing import Any

import pytest

from ltv_platform.tables.rendering import _environment, render
from ltv_platform_tests.sql.customers.marts import Marts, Purchase

#: As the page names them: (scores of R, scores of F, segment).
SEGMENTS = (
    ("12", "12", "Hibernating"),
    ("12", "34", "At Risk"),
    ("12", "5", "Can't Lose Them"),
    ("3", "12", "About To Sleep"),
    ("3", "3", "Need Attention"),
    ("34", "45", "Loyal Customers"),
    ("4", "1", "Promising"),
    ("5", "1", "New Customers"),
    ("45", "23", "Potential Loyalists"),
    ("5", "45", "Champions"),
)


def _shop(size: int) -> tuple[list[tuple[str, str]], list[Purchase]]:
    """Customer n bought n + 1 orders of 10 each, the last of them n days before 30 June."""
    customers = [(f"c{n:02d}", "2025-01-01 00:00") for n in range(size)]
    purchases = [
        Purchase(name, f"{date(2025, 6, 30) - timedelta(days=n + back)} 10:00", 10)
        for n, (name, _) in enumerate(customers)
        for back in range(n + 1)
    ]
    return customers, purchases


def test_every_cell_of_the_grid_has_one_name() -> None:
    """Segment from the 5 x 5 grid of R and F: all 25 cells exactly once, as the page has them."""
    expected = sorted((int(r), int(f), name) for rs, fs, name in SEGMENTS for r in rs for f in fs)
    assert len(expected) == 25
    marts = Marts("2025-06-30")
    assert marts.asked(render("macros/rfm_grid.sql", marts.settings)) == expected


def test_scores_are_fifths_by_percent_rank() -> None:
    """F, M = least(5, 1 + floor(5 x percent_rank)), R turned round: 21 customers, no two equal."""
    marts = Marts("2025-06-30").build(*_shop(21))
    given = marts.rows(
        "SELECT recency_days, frequency, monetary, r_score, f_score, m_score, status "
        "FROM marts.rfm_segments ORDER BY customer_id"
    )
    for n, row in enumerate(given):
        fifth = min(5, 1 + 5 * n // 20)
        assert row == (n, n + 1, 10 * (n + 1), 6 - fifth, fifth, fifth, "ok"), n


def test_equal_values_have_equal_scores() -> None:
    """12 of 20 bought once: they share an F score, which NTILE would tear apart."""
    customers = [(f"c{n:02d}", "2025-01-01 00:00") for n in range(20)]
    purchases = [
        Purchase(name, "2025-06-01 10:00", 5, f"o{order}")
        for n, (name, _) in enumerate(customers)
        for order in range(1 if n < 12 else 2)
    ]
    marts = Marts("2025-06-30").build(customers, purchases)
    sql = (
        "SELECT frequency, r_score, f_score, m_score, COUNT(*) FROM marts.rfm_segments GROUP BY ALL"
    )
    assert sorted(marts.rows(sql)) == [(1, 5, 1, 1, 12), (2, 5, 4, 4, 8)]


def test_who_bought_nothing_is_a_prospect() -> None:
    """NULL scores, and not ranked; a refund alone is not a purchase, but it is money."""
    customers, purchases = _shop(21)
    more = [("none", "2025-01-01 00:00"), ("refund", "2025-01-01 00:00")]
    marts = Marts("2025-06-30").build(
        [*customers, *more], [*purchases, Purchase("refund", "2025-06-01 10:00", 4, refund=True)]
    )
    rows = "SELECT * FROM marts.rfm_segments WHERE customer_id {} IN ('none', 'refund') ORDER BY 1"
    assert marts.rows(rows.format("")) == [
        ("none", None, 0, 0, None, None, None, "Prospects", "ok"),
        ("refund", None, 0, -4, None, None, None, "Prospects", "ok"),
    ]
    alone = Marts("2025-06-30").build(customers, purchases)
    assert marts.rows(rows.format("NOT")) == alone.rows(
        "SELECT * FROM marts.rfm_segments ORDER BY 1"
    )


@pytest.mark.parametrize(("size", "status"), [(1, "small_base"), (19, "small_base"), (20, "ok")])
def test_below_20_customers_the_base_is_small(size: int, status: str) -> None:
    """With fewer than 20 buyers: small_base, next to the scores of so few."""
    marts = Marts("2025-06-30").build(*_shop(size))
    assert marts.rows("SELECT DISTINCT status FROM marts.rfm_segments") == [status]
    first = "SELECT r_score, f_score, m_score, segment FROM marts.rfm_segments ORDER BY 1 DESC"
    assert marts.rows(first)[0] == (5, 1, 1, "New Customers")


def _windowed(
    marts: Marts, start: str | None, end: str | None, day: str
) -> list[tuple[object, ...]]:
    """R, F, M and segments over a window of transactions, as an API would ask for them."""
    template = _environment().from_string(
        "{% import 'macros/rfm.sql' as rfm with context %}"
        "WITH bought AS ({{ rfm.bought('core.customers', start, end) }}) "
        "{{ rfm.scored('bought', day) }}"
    )
    sql = template.render(
        timezone="UTC",
        start=start and f"TIMESTAMP '{start}'",
        end=end and f"TIMESTAMP '{end}'",
        day=f"DATE '{day}'",
    )
    return marts.asked(sql)


def test_the_window_of_everything_gives_the_table() -> None:
    """rfm_segments takes R, F and M from customer_ltv: the same as over all transactions."""
    customers, purchases = _shop(23)
    marts = Marts("2025-06-30").build(
        [*customers, ("none", "2025-01-01 00:00")],
        [*purchases, Purchase("c03", "2025-06-29 10:00", 7, "o1", refund=True)],
    )
    assert _windowed(marts, None, None, "2025-06-30") == marts.tables()["marts.rfm_segments"]


def test_a_window_chooses_the_transactions() -> None:
    """start_date and end_date choose what R, F and M are computed from; recency to the end."""
    marts = Marts("2025-06-30").build(
        [("a", "2025-01-01 00:00"), ("b", "2025-01-01 00:00")],
        [
            Purchase("a", "2025-02-28 23:59", 1),
            Purchase("a", "2025-03-01 00:00", 2),
            Purchase("a", "2025-03-31 23:59", 4),
            Purchase("a", "2025-04-01 00:00", 8),
            Purchase("b", "2025-04-01 00:00", 16),
        ],
    )
    march = _windowed(marts, "2025-03-01", "2025-04-01", "2025-03-31")
    assert [row[:4] + row[-2:] for row in march] == [
        ("a", 0, 2, 6, "New Customers", "small_base"),
        ("b", None, 0, 0, "Prospects", "small_base"),
    ]


def test_migration() -> None:
    """From the segment of 90 days ago, as it was then, to that of now; the new are named so."""
    customers = [("a", "2025-01-01 00:00"), ("b", "2025-01-01 00:00"), ("c", "2025-04-02 00:00")]
    purchases = [
        Purchase("a", "2025-01-10 10:00", 1),
        Purchase("a", "2025-06-30 10:00", 2),
        Purchase("b", "2025-04-01 23:59", 4),
        Purchase("b", "2025-04-02 00:00", 8, refund=True),
        Purchase("c", "2025-03-30 10:00", 16),
    ]
    marts = Marts("2025-06-30").build(customers, purchases)
    day, now = date(2025, 4, 1), date(2025, 6, 30)
    assert marts.tables()["marts.rfm_migration"] == [
        ("(new)", "Hibernating", day, now, 1, 16, "small_base"),
        ("Hibernating", "Champions", day, now, 1, 3, "small_base"),
        ("New Customers", "About To Sleep", day, now, 1, -4, "small_base"),
    ]
    before = Marts("2025-04-01").build(
        customers[:2], [p for p in purchases[:3] if p.at < "2025-04-02"]
    )
    assert before.rows("SELECT customer_id, segment FROM marts.rfm_segments ORDER BY 1") == [
        ("a", "Hibernating"),
        ("b", "New Customers"),
    ]


@pytest.mark.parametrize(
    ("at", "segment"),
    [("2025-11-02 03:59:59", "New Customers"), ("2025-11-02 04:00:00", "Prospects")],
)
def test_migration_starts_at_the_end_of_a_day(at: str, segment: str) -> None:
    """The purchases of then end with the day, also where the next has two midnights.

    On 2 November Havana goes back from 01:00 to 00:00: its midnights are 04:00 and 05:00 UTC, and
    what was bought between them was counted for the day before.
    """
    zone: dict[str, Any] = {"timezone": "America/Havana", "migration_days": 30}
    marts = Marts("2025-12-01", "2025-12-02 05:00", **zone).build(
        [("a", "2025-10-01 10:00")], [Purchase("a", at)]
    )
    assert marts.rows("SELECT from_segment FROM marts.rfm_migration") == [segment]


def test_migration_days_are_a_setting() -> None:
    """LTV_MIGRATION_DAYS says how far back; both bases large, the status is ok."""
    customers, purchases = _shop(20)
    earlier = [Purchase(name, "2025-02-01 10:00", 1) for name, _ in customers]
    marts = Marts("2025-06-30", migration_days=120).build(customers, [*purchases, *earlier])
    sql = (
        "SELECT DISTINCT from_segment, CAST(from_date AS VARCHAR), status FROM marts.rfm_migration"
    )
    assert marts.rows(sql) == [("New Customers", "2025-03-02", "ok")]


def test_who_is_new_comes_from_a_base_as_small_as_the_others() -> None:
    """Fewer than 20 had bought 90 days ago: no row of the migration is ok, none of (new) either."""
    customers, _ = _shop(30)
    old = [(f"old{place}", "2025-01-01 10:00") for place in range(5)]
    bought = [Purchase(name, "2025-01-02 10:00", 3) for name, _ in old]
    new = [(name, "2025-06-01 10:00") for name, _ in customers]
    late = [Purchase(name, "2025-06-10 10:00", 1) for name, _ in customers]
    marts = Marts("2025-06-30").build([*old, *new], [*bought, *late])
    assert marts.rows("SELECT DISTINCT status FROM marts.rfm_segments") == ["ok"]
    sql = "SELECT DISTINCT from_segment = '(new)', status FROM marts.rfm_migration ORDER BY 1"
    assert marts.rows(sql) == [(False, "small_base"), (True, "small_base")]


def test_r_is_six_minus_the_fifth_of_recency() -> None:
    """R = 6 − least(5, 1 + ⌊5 × percent rank of recency⌋), and not the rank from the other end."""
    days = [1, 1, 1, 1, 2, 3, 3, 3, 4, 5, 5]
    customers = [(f"c{place:02}", "2025-01-01 10:00") for place in range(len(days))]
    bought = [
        Purchase(name, f"2025-06-{30 - days:02} 10:00")
        for (name, _), days in zip(customers, days, strict=True)
    ]
    marts = Marts("2025-06-30").build(customers, bought)
    sql = "SELECT recency_days, r_score FROM marts.rfm_segments ORDER BY customer_id"
    given = marts.rows(sql)
    # (rank - 1) / 10 is 0 for one day, .4 for two, .5 for three, .8 and .9 for four and five.
    expected = {1: 5, 2: 3, 3: 3, 4: 1, 5: 1}
    assert given == [(day, expected[day]) for day in days]
    from_the_other_end = {day: 1 + 5 * sum(d > day for d in days) // 10 for day in set(days)}
    assert min(from_the_other_end[1], 5) == 4, "the two readings differ"
