"""Which sessions a conversion has, and in which order (docs/attribution.md, Journeys)."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.refresh.build import build_table
from ltv_platform_tests.testing.home import Home

#: By user: sessions (id, moment) and conversions (id, moment). All times are UTC.
SESSIONS = """
edge in 2025-10-01 12:00:00
edge out 2025-10-01 11:59:59
edge old 2025-01-10 12:00:00
second exact 2025-11-01 10:00:00
second late 2025-11-01 10:00:01
both early 2025-11-01 10:00:00
both middle 2025-11-03 10:00:00
ties b 2025-11-01 10:00:00
ties a 2025-11-01 10:00:00
ties z 2025-11-01 09:59:59
equal before 2025-11-01 10:00:00
equal at 2025-11-02 10:00:00
summer spring 2025-03-01 22:30:00
summer earlier 2025-03-01 22:29:59
winter autumn 2025-10-01 22:30:00
other alone 2025-11-01 10:00:00
"""
CONVERSIONS = """
edge v_edge 2025-12-30 12:00:00
second v_second 2025-11-01 10:00:00
both v_first 2025-11-02 10:00:00
both v_next 2025-11-04 10:00:00
ties v_ties 2025-11-01 12:00:00
equal v_equal1 2025-11-02 10:00:00
equal v_equal2 2025-11-02 10:00:00
summer v_summer 2025-05-30 22:30:00
winter v_winter 2025-12-30 22:30:00
nobody v_nobody 2025-11-01 10:00:00
"""
TABLES = ("core.sessions", "core.conversions", "marts.customer_journeys")

Journeys = dict[str, list[str]]


def _fill(home: Home) -> Home:
    parted = [line.split(" ") for line in SESSIONS.split("\n") if line]
    home.load("session_sources", *(f"{s},{u},mail,{day},{at},0,0" for u, s, day, at in parted))
    parted = [line.split(" ") for line in CONVERSIONS.split("\n") if line]
    home.load("conversions", *(f"{v},{u},{day},{at},10" for u, v, day, at in parted))
    return home


def _journeys(home: Home) -> Journeys:
    """Sessions by conversion, in order; only the tables that this takes are brought up to date."""
    with home.engine.hold():
        plan = home.plan()
        for transform in home.graph.transforms:
            if transform.name in TABLES and transform.name in plan.assets:
                build_table(home.engine, transform, plan.days.get(transform.name))
    rows = home.engine.rows(
        "SELECT conv_id, LIST(session_id ORDER BY position) FROM marts.customer_journeys "
        "GROUP BY conv_id"
    )
    return dict(rows)


@pytest.fixture(scope="module")
def under(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Journeys]:
    """The journeys under given settings, on one log; each built once."""
    home = _fill(Home(tmp_path_factory.mktemp("journeys") / "home"))
    made: dict[str, Journeys] = {}

    def journeys(**settings: Any) -> Journeys:
        name = repr(settings)
        if name not in made:
            made[name] = _journeys(home.under(**settings))
        return made[name]

    return journeys


def test_sessions_up_to_the_second_of_the_conversion(under: Callable[..., Journeys]) -> None:
    """`at_or_before` takes in that second and none after it; other users' sessions never."""
    journeys = under()
    assert journeys["v_second"] == ["exact"]
    assert all("alone" not in sessions for sessions in journeys.values())
    assert "v_nobody" not in journeys


def test_strictly_before(under: Callable[..., Journeys]) -> None:
    """`before` leaves out that second, and then the whole conversion if it has no other."""
    journeys = under(journey_boundary="before")
    assert "v_second" not in journeys
    assert journeys["v_equal1"] == journeys["v_equal2"] == ["before"]


def test_one_session_serves_two_conversions(under: Callable[..., Journeys]) -> None:
    """Whole journeys: the second one begins where the first did."""
    journeys = under()
    assert journeys["v_first"] == ["early"]
    assert journeys["v_next"] == ["early", "middle"]


def test_sessions_of_one_second_go_by_session_id(under: Callable[..., Journeys]) -> None:
    """(timestamp, session_id) is a total order, independent of the order in the file."""
    assert under()["v_ties"] == ["z", "a", "b"]


def test_conversions_of_one_second_share_their_journey(under: Callable[..., Journeys]) -> None:
    """Neither is after the other."""
    journeys = under()
    assert journeys["v_equal1"] == journeys["v_equal2"] == ["before", "at"]


@pytest.mark.parametrize("most", [1, 2])
@pytest.mark.parametrize(
    "settings",
    [{}, {"journey_boundary": "before"}, {"journey_break": True}, {"journey_lookback": None}],
    ids=lambda settings: next(iter(settings), "default"),
)
def test_a_journey_holds_the_latest_sessions(
    under: Callable[..., Journeys], most: int, settings: dict[str, Any]
) -> None:
    """`LTV_JOURNEY_SESSIONS` leaves out the earliest, and changes nothing else."""
    whole = under(**settings)
    assert any(len(sessions) > most for sessions in whole.values())
    cut = under(journey_sessions=most, **settings)
    assert cut == {conversion: sessions[-most:] for conversion, sessions in whole.items()}


def test_lookback_is_hours_not_days(under: Callable[..., Journeys]) -> None:
    """Exactly 90 × 24 hours before is in, a second more is out."""
    assert under()["v_edge"] == ["in"]
    assert under(journey_lookback=89).get("v_edge") is None
    assert under(journey_lookback=91)["v_edge"] == ["out", "in"]


def test_lookback_without_end(under: Callable[..., Journeys]) -> None:
    """`LTV_JOURNEY_LOOKBACK=none` takes in a session of almost a year before."""
    journeys = under(journey_lookback=None)
    assert journeys["v_edge"] == ["old", "out", "in"]
    assert journeys["v_summer"] == ["earlier", "spring"]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_lookback_over_a_change_of_clocks(under: Callable[..., Journeys], zone: str) -> None:
    """The journey is the same in every zone.

    90 × 24 hours reach 91 reporting days back in Berlin when an hour was skipped between.
    """
    journeys = under(timezone=zone)
    assert journeys == under()
    assert (journeys["v_summer"], journeys["v_winter"]) == (["spring"], ["autumn"])


def test_what_is_late_reaches_over_a_change_of_clocks(tmp_path: Path) -> None:
    """A run of one day reads the 91 days before it, a late session restates as many after it."""
    home = _fill(Home(tmp_path / "home", timezone="Europe/Berlin"))
    _journeys(home)
    home.load("conversions", "v_summer2,summer,2025-05-30,22:30:00,10")
    assert home.plan().days["marts.customer_journeys"] == (date(2025, 5, 31),)
    assert _journeys(home)["v_summer2"] == ["spring"]
    home.load("session_sources", "twin,summer,mail,2025-03-01,22:30:00,0,0")
    assert _journeys(home)["v_summer"] == ["spring", "twin"]


def test_a_conversion_ends_the_journey(under: Callable[..., Journeys]) -> None:
    """`LTV_JOURNEY_BREAK`: what led to the last conversion leads to no other.

    Of two at one second the first by conv_id has the journey, the other none.
    """
    journeys = under(journey_break=True)
    assert (journeys["v_first"], journeys["v_next"]) == (["early"], ["middle"])
    assert journeys["v_equal1"] == ["before", "at"]
    assert "v_equal2" not in journeys


def test_a_session_at_the_second_of_the_last_conversion(under: Callable[..., Journeys]) -> None:
    """With `before` and a break it belongs to the next conversion: it is too late for the last."""
    journeys = under(journey_break=True, journey_boundary="before")
    assert journeys["v_equal1"] == ["before"]
    assert "v_equal2" not in journeys
    assert "v_second" not in journeys


def test_seconds_and_positions(under: Callable[..., Journeys], tmp_path: Path) -> None:
    """Gaps in seconds, fractions included; the first session has none before it."""
    home = Home(tmp_path / "home")
    home.load(
        "session_sources",
        "s1,u,mail,2025-11-01,10:00:00.25,1,0",
        "s2,u,ads,2025-11-01,10:00:01,0,1",
    )
    home.load("conversions", "v,u,2025-11-02,10:00:00,10")
    _journeys(home)
    assert home.engine.rows(
        "SELECT session_id, position, sessions_in_journey, seconds_to_conversion, "
        "seconds_since_previous, holder_engagement, closer_engagement "
        "FROM marts.customer_journeys ORDER BY position"
    ) == [
        ("s1", 1, 2, 86399.75, None, True, False),
        ("s2", 2, 2, 86399.0, 0.75, False, True),
    ]


def test_a_late_session_restates_the_days_that_it_can_reach(tmp_path: Path) -> None:
    """Conversions of its day and of the 90 after it, no day before and none later."""
    home = _fill(Home(tmp_path / "home"))
    _journeys(home)
    home.load("session_sources", "added,both,mail,2025-08-07,10:00:00,0,0")
    first = date(2025, 8, 7)
    days = home.plan().days["marts.customer_journeys"]
    assert sorted(days) == [first + timedelta(days=n) for n in range(91)]
    journeys = _journeys(home)
    assert journeys["v_first"] == ["added", "early"]
    assert journeys["v_next"] == ["added", "early", "middle"]
    assert journeys == _journeys(_refilled(tmp_path / "fresh"))


def _refilled(folder: Path) -> Home:
    home = _fill(Home(folder))
    home.load("session_sources", "added,both,mail,2025-08-07,10:00:00,0,0")
    return home
