"""What a refresh rewrites; that the tables equal a rebuild is shown in properties/ and proofs/."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ltv_platform_tests.testing.home import CAMPAIGNS, Home

FIRST = date(2025, 3, 20)  # the clocks change on the 30th


def test_a_refresh_rewrites_only_what_it_must(tmp_path: Path) -> None:
    """An event of one day leaves the days outside its windows unwritten."""
    home = Home(tmp_path, start_date=FIRST, as_of="2025-04-10", horizons=(1, 7))
    home.load("customers", "a,2025-03-20 10:00:00,US,ads,c1")
    home.load("transactions", "t1,a,2025-03-21 10:00:00,5,0")
    home.refresh()
    home.load("transactions", "t2,a,2025-04-02 10:00:00,5,0")
    plan = home.refresh()
    assert plan.days["core.transactions"] == (date(2025, 4, 2),)
    assert plan.days["marts.user_revenue"][0] == date(2025, 3, 26)
    assert "core.customers" not in plan.days


@pytest.mark.parametrize("window", ["hours", "calendar"])
def test_a_cohort_rewritten_alone_reads_its_whole_window(tmp_path: Path, window: str) -> None:
    """A window of N·24 hours reaches into day d+N, day N of retention into day d+N+1.

    In a run over many days the range itself covers that; here the cohort is rewritten alone.
    """
    home = Home(tmp_path, start_date=FIRST, as_of="2025-04-10", horizons=(1, 7), window=window)
    home.load("customers", "a,2025-03-20 23:00:00,US,ads,c1")
    home.load("transactions", "t1,a,2025-03-27 22:59:59,5,0", "t2,a,2025-03-26 22:00:00,3,0")
    home.load("customer_interactions", "i1,a,2025-03-28 22:59:59,login")
    home.refresh()
    home.load("customers", "a,2025-03-20 23:00:00,DE,ads,c1")
    plan = home.refresh()
    assert plan.days["marts.campaign_ltv"] == (FIRST,)
    columns = "country, revenue_d7, retained_d7, revenue_to_date"
    [row] = home.engine.rows(f"SELECT {columns} FROM marts.campaign_ltv")
    assert row == (("DE", 8, 1, 8) if window == "hours" else ("DE", 3, 1, 3))
    [(users,)] = home.engine.rows("SELECT revenue_d7 FROM marts.user_revenue")
    [(curve,)] = home.engine.rows("SELECT SUM(revenue) FROM marts.campaign_cohort_curve")
    assert (users, curve) == (row[1], row[3])


def test_a_window_reaches_a_day_further_where_clocks_move(tmp_path: Path) -> None:
    """Clocks go forward on 2025-03-30: 7 · 24 h after 23:45 is 00:45, eight days later."""
    zone: dict[str, Any] = {"timezone": "Europe/Berlin", "as_of": "2025-04-10", "horizons": (1, 7)}
    home = Home(tmp_path, start_date=FIRST, **zone)
    home.load("customers", "a,2025-03-24 22:45:00,US,ads,c1")
    home.load("transactions", "t1,a,2025-03-31 22:44:59,5,0", "t2,a,2025-03-31 22:45:00,3,0")
    home.refresh()
    home.load("customers", "a,2025-03-24 22:45:00,DE,ads,c1")
    plan = home.refresh()
    assert plan.days["marts.campaign_ltv"] == (date(2025, 3, 24),)
    assert home.engine.rows("SELECT country, revenue_d7 FROM marts.campaign_ltv") == [("DE", 5)]
    assert home.engine.rows("SELECT revenue_d7 FROM marts.user_revenue") == [(5,)]
    curve = "SELECT age_date, revenue FROM marts.campaign_cohort_curve WHERE age_day = 6"
    assert home.engine.rows(curve) == [(date(2025, 3, 29), 5)]


def test_deleting_every_number_never_repeats_one(tmp_path: Path) -> None:
    """`next_sequence` grows over rolled back transactions and replaced rows."""
    from ltv_platform.warehouse.duckdb.raw_log import next_sequence

    home = Home(tmp_path, start_date=FIRST)
    seen = [0]
    for place in range(2):
        home.load("conversions", f"v{place},a,2025-03-2{place},10:00:00,5")
        home.refresh()
        with home.engine.session() as connection:
            seen.append(next_sequence(connection))
            connection.execute("BEGIN")
            assert next_sequence(connection) == seen[-1]
            connection.execute(
                "INSERT INTO raw.touched VALUES ($seq, 'customers', DATE '2025-03-20', NULL)",
                {"seq": seen[-1] + 100},
            )
            connection.execute("ROLLBACK")
            assert next_sequence(connection) == seen[-1]
    assert seen == sorted(set(seen))
    numbers = home.engine.rows(
        "SELECT MAX(seq) FROM (FROM raw.built UNION ALL BY NAME FROM raw.touched)"
    )
    assert numbers == [(seen[-1] - 1,)]


def test_a_start_that_moves_earlier_is_a_few_more_days(tmp_path: Path) -> None:
    """The start moves earlier automatically; the days before are built, those after stay."""
    old = [f"o{place},a,2024-12-{1 + place % 28:02d},10:00:00,1" for place in range(1_000)]
    new = [f"n{day},a,2025-01-{day:02d},10:00:00,2" for day in range(1, 5)]
    home = Home(tmp_path / "moved", groups=CAMPAIGNS, horizons=(1, 7))
    home.load("conversions", *new)
    home.publish()
    before = dict(home.engine.state().built["core.conversions"])
    home.load("conversions", *old)
    home.publish()
    after = home.engine.state().built["core.conversions"]
    assert min(day for day in after if day is not None) == date(2024, 1, 1)
    assert {day: after[day] for day in before} == before
    fresh = Home(tmp_path / "fresh", groups=CAMPAIGNS, horizons=(1, 7))
    fresh.load("conversions", *old)
    fresh.load("conversions", *new)
    fresh.publish()
    assert home.tables() == fresh.tables()
    assert home.values("SELECT COUNT(*) FROM conversions") == [1_004]
