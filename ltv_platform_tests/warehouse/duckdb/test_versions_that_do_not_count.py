"""Versions that do not count change nothing: metrics.md, ground rules."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from ltv_platform_tests.testing.home import ATTRIBUTION, HEADERS, Home

DATED = HEADERS["transactions"] + ",updated_at"
REVENUE = "SELECT revenue_d1, revenue_d7, revenue_d30, revenue_to_date FROM campaign_ltv"

#: Loads that end in the same rows as the first of each, which are the rows that count.
SLIPS: dict[str, tuple[list[tuple[str, str, tuple[str, ...]]], ...]] = {
    "transactions": (
        [
            ("transactions", HEADERS["transactions"], ("t2,a,2025-12-30 11:00:00,5.00,0",)),
            ("transactions", HEADERS["transactions"], ("t2,a,2025-01-02 11:00:00,5.00,0",)),
        ],
        [("transactions", HEADERS["transactions"], ("t2,a,2025-01-02 11:00:00,5.00,0",))],
    ),
    "an older version that comes later": (
        [
            ("transactions", DATED, ("t2,a,2025-01-02 11:00:00,5,0,2025-02-02 00:00:00",)),
            ("transactions", DATED, ("t2,a,2025-12-30 11:00:00,5,0,2025-02-01 00:00:00",)),
        ],
        [("transactions", DATED, ("t2,a,2025-01-02 11:00:00,5,0,2025-02-02 00:00:00",))],
    ),
    "interactions": (
        [
            ("customer_interactions", HEADERS["customer_interactions"], (slip,))
            for slip in ("i1,a,2025-12-30 11:00:00,login", "i1,a,2025-01-02 11:00:00,login")
        ],
        [
            (
                "customer_interactions",
                HEADERS["customer_interactions"],
                ("i1,a,2025-01-02 11:00:00,login",),
            )
        ],
    ),
    "sessions": (
        [
            ("session_sources", HEADERS["session_sources"], (f"s1,a,ads,{day},11:00:00,1,0",))
            for day in ("2025-12-30", "2025-01-02")
        ],
        [("session_sources", HEADERS["session_sources"], ("s1,a,ads,2025-01-02,11:00:00,1,0",))],
    ),
    "conversions": (
        [
            ("conversions", HEADERS["conversions"], (f"v1,a,{day},11:00:00,5",))
            for day in ("2025-12-30", "2025-01-02")
        ],
        [("conversions", HEADERS["conversions"], ("v1,a,2025-01-02,11:00:00,5",))],
    ),
}


def _home(folder: Path, **settings: Any) -> Home:
    home = Home(folder, start_date=date(2025, 1, 1), horizons=(1, 7, 30), **settings)
    home.load("customers", "a,2025-01-01 10:00:00,US,ads,c1")
    home.load("campaign_costs", "c1,2025-01-01,US,4")
    home.load("transactions", "t1,a,2025-01-01 11:00:00,10.00,0")
    return home


def _published(home: Home) -> dict[str, list[Any]]:
    return {
        transform.name: home.values(f"SELECT * FROM {transform.contract.name} ORDER BY ALL")
        for transform in home.graph.transforms
    }


@pytest.mark.parametrize(
    ("slip", "between"), [("transactions", False), *((slip, True) for slip in SLIPS)]
)
def test_versions_that_count_for_nothing_move_nothing(
    tmp_path: Path, slip: str, between: bool
) -> None:
    """Figures are those of a home that never saw the slip, published between or not."""
    loads, right = SLIPS[slip]
    groups = ("core", "campaigns", "customers", "attribution")
    home, fresh = (_home(tmp_path / name, groups=groups) for name in ("slipped", "fresh"))
    for table, header, rows in loads:
        home.load(table, *rows, header=header)
        if between:
            home.publish()
    for table, header, rows in right:
        fresh.load(table, *rows, header=header)
    assert home.publish().as_of == fresh.publish().as_of == date(2025, 1, 2)
    assert home.engine.as_of() == fresh.engine.as_of()
    assert home.tables() == fresh.tables()
    assert _published(home) == _published(fresh)
    if "transactions" in [table for table, *_ in right]:
        assert home.values(REVENUE) == [(None, None, None, 15)]
        assert home.values("SELECT tenure_days FROM customer_ltv") == [1]


def test_a_later_row_of_a_customer_is_no_event(tmp_path: Path) -> None:
    """The earliest registration is the install; a later one of the same customer dates nothing."""
    home = _home(tmp_path, groups=("core", "customers"))
    home.load("customers", "a,2025-12-30 10:00:00,DE,ads,c1")
    assert home.publish().as_of == date(2025, 1, 1)
    assert home.values("SELECT tenure_days FROM customer_ltv") == [0]


def test_conversions_are_complete_up_to_those_that_count(tmp_path: Path) -> None:
    """`complete`: conversions are known up to the end of the lookback of the session's day."""
    home = _home(tmp_path, groups=ATTRIBUTION)
    home.load("session_sources", "s1,a,ads,2025-01-01,10:30:00,1,0")
    home.load("conversions", "v1,a,2025-01-01,11:00:00,5", "v2,b,2025-12-30,11:00:00,5")
    home.publish()
    complete = "SELECT complete FROM channel_reporting WHERE date = '2025-01-01'"
    assert home.values(complete) == [True]
    home.load("conversions", "v2,b,2025-01-02,11:00:00,5")
    home.publish()
    assert home.values(complete) == [False]


def test_the_newest_event_is_that_of_every_version_ranked(tmp_path: Path) -> None:
    """It is looked for from the top; whole histories that are loaded again are passed over."""
    home = Home(tmp_path, start_date=date(2024, 1, 1))
    days = [f"2025-{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 28)]
    home.load("transactions", *(f"t{day},a,{day} 10:00:00,1,0" for day in days))
    home.load("transactions", *(f"t{day},a,2024{day[4:]} 10:00:00,1,0" for day in days[9:]))
    assert home.engine.newest_event("transactions") == datetime(2025, 1, 9, 10)
    home.load("transactions", *(f"t{day},a,2024-01-02 10:00:00,1,0" for day in days[:9]))
    assert home.engine.newest_event("transactions") == datetime(2024, 12, 27, 10)
    later = home.under(start_date=date(2025, 1, 1))
    # A fresh home would not let in what lies before its start, so the versions before count.
    assert later.engine.newest_event("transactions") == datetime(2025, 12, 27, 10)
