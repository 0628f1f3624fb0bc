"""Cost, credit and ratios by channel and day, on journeys small enough to check by hand.

As of 2025-03-31, a lookback of ten days. User u: Search on the 1st (cost 2) and on the 4th
(cost 1), Direct on the 2nd (free); converts on the 2nd for 10 and on the 5th for 8. User v:
Display on the 3rd (cost 4), never converts. User w converts on the 20th for 1, without a session.
"""

from decimal import Decimal
from typing import Any

import pytest

from ltv_platform.attribution import markov
from ltv_platform.checks import table_checks
from ltv_platform.parameters.attribution import MODELS
from ltv_platform.reports.channels import model_overview, pending_conversions
from ltv_platform_tests.testing.home import ATTRIBUTION, Home

D = Decimal


def _home(folder: Any, **settings: Any) -> Home:
    home = Home(folder, groups=ATTRIBUTION, journey_lookback=10, **settings)
    home.load(
        "session_sources",
        "s1,u,Search,2025-03-01,10:00:00,1,1",
        "s2,u,Direct,2025-03-02,10:00:00,0,1",
        "s3,u,Search,2025-03-04,10:00:00,1,1",
        "s4,v,Display,2025-03-03,10:00:00,1,1",
    )
    home.load("session_costs", "s1,2", "s3,1", "s4,4")
    home.load(
        "conversions",
        "c1,u,2025-03-02,12:00:00,10",
        "c2,u,2025-03-05,12:00:00,8",
        "c3,w,2025-03-20,12:00:00,1",
    )
    home.publish()
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The journeys of this module's docstring."""
    return _home(tmp_path_factory.mktemp("home"), as_of="2025-03-31")


def test_cost_is_that_of_all_sessions_each_once(home: Home) -> None:
    """Converting or not; s1 serves two conversions and costs 2 (attribution.md section 5)."""
    assert home.values(
        "SELECT channel_name, CAST(date AS VARCHAR), cost FROM channel_reporting ORDER BY date"
    ) == [
        ("Search", "2025-03-01", D(2)),
        ("Direct", "2025-03-02", D(0)),
        ("Display", "2025-03-03", D(4)),
        ("Search", "2025-03-04", D(1)),
        ("(not attributed)", "2025-03-20", D(0)),
    ]


def test_zero_denominators_give_null(home: Home) -> None:
    """Never 0, infinity or NaN; rows that are not a channel have no CPO."""
    assert home.values(
        'SELECT channel_name, ihc, "CPO", "ROAS" FROM channel_reporting '
        "WHERE channel_name IN ('Display', '(not attributed)')"
    ) == [("(not attributed)", D(1), None, None), ("Display", D(0), None, 0.0)]
    [(cpo, roas)] = home.values(
        'SELECT "CPO", "ROAS" FROM channel_reporting WHERE channel_name = \'Direct\''
    )
    assert (cpo, roas) == (0.0, None), "free, and credited with more than nothing"


def test_ratios_are_of_the_row(home: Home) -> None:
    """CPO = cost / ihc, ROAS = ihc_revenue / cost."""
    for row in home.published("SELECT * FROM channel_reporting WHERE cost > 0 AND ihc > 0"):
        assert row["CPO"] == pytest.approx(float(row["cost"]) / float(row["ihc"]), rel=1e-15)
        assert row["ROAS"] == pytest.approx(
            float(row["ihc_revenue"]) / float(row["cost"]), rel=1e-15
        )


def test_all_conversions_and_revenue_are_credited(home: Home) -> None:
    """Σihc = conversions, Σihc_revenue = revenue, in both reports and in every model."""
    total = (D(3), D(19), D(7))
    for table in ("channel_reporting", "channel_reporting_by_conversion_date"):
        assert home.values(f"SELECT SUM(ihc), SUM(ihc_revenue), SUM(cost) FROM {table}") == [total]
    models = home.values(
        "SELECT SUM(credit), SUM(credited_revenue), SUM(cost) FROM channel_model_comparison "
        "GROUP BY model"
    )
    assert set(models) == {total}


def test_a_row_is_complete_when_no_conversion_can_reach_it(tmp_path: Any) -> None:
    """Conversions are known from the 2nd on; a lookback of ten days ends before the 15th."""
    complete = "SELECT CAST(date AS VARCHAR), complete FROM channel_reporting ORDER BY date"
    home = _home(tmp_path / "one", as_of="2025-03-13")
    assert home.values(complete) == [
        ("2025-03-01", False),
        ("2025-03-02", True),
        ("2025-03-03", True),
        ("2025-03-04", False),
    ]
    newest = _home(tmp_path / "two")
    assert newest.values(complete)[1:] == [
        ("2025-03-02", True),
        ("2025-03-03", True),
        ("2025-03-04", True),
        ("2025-03-20", False),
    ], "the conversions of the newest day that has any may still grow"
    endless = newest.under(journey_lookback=None)
    endless.publish()
    assert not any(endless.values("SELECT complete FROM channel_reporting"))


@pytest.mark.parametrize(
    ("zone", "known_until", "complete"),
    [
        ("UTC", "2025-03-13", False),
        ("UTC", "2025-03-14", True),
        ("Asia/Tokyo", "2025-03-13", False),
        ("Asia/Tokyo", "2025-03-14", True),
        # Clocks go forward on the 9th: ten days of 24 hours end at 01:00 of the 15th.
        ("America/New_York", "2025-03-14", False),
        ("America/New_York", "2025-03-15", True),
    ],
)
def test_a_day_is_complete_when_its_lookback_ends_in_any_zone(
    tmp_path: Any, zone: str, known_until: str, complete: bool
) -> None:
    """Conversions are known up to the end of the lookback of the day's last session, not later."""
    home = Home(
        tmp_path,
        groups=ATTRIBUTION,
        journey_lookback=10,
        timezone=zone,
        as_of=known_until,
    )
    home.load("session_sources", "s1,u,Search,2025-03-04,08:00:00,0,0")
    home.load("conversions", "c1,u,2025-03-04,09:00:00,5")
    home.publish()
    assert home.values("SELECT complete FROM channel_reporting") == [complete]
    stored = "SELECT complete FROM channel_model_comparison WHERE model = 'linear'"
    assert home.values(stored) == [complete]


@pytest.mark.parametrize(("day", "open_day"), [("2025-03-14", True), ("2025-03-15", False)])
def test_a_pending_conversion_keeps_open_what_it_can_reach(
    tmp_path: Any, day: str, open_day: bool
) -> None:
    """In a zone without changes of clocks, days as far back as the lookback and no further."""
    home = Home(
        tmp_path,
        groups=ATTRIBUTION,
        journey_lookback=10,
        timezone="Asia/Tokyo",
        as_of="2025-04-30",
        ihc_api_key="k",
        ihc_conversion_type="shop",
    )
    home.load(
        "session_sources",
        "s1,u,Search,2025-03-04,08:00:00,0,0",
        f"s2,v,Search,{day},08:00:00,0,0",
    )
    home.load("conversions", "c1,w,2025-03-03,09:00:00,5", f"c2,v,{day},09:00:00,5")
    home.publish()
    complete = "SELECT complete FROM channel_reporting WHERE date = '2025-03-04'"
    assert home.values(complete) == [not open_day]


def test_the_other_report_sets_credit_against_the_cost_of_the_same_day(home: Home) -> None:
    """By calendar day: the 2nd earned c1, for which s1 was paid on the 1st."""
    rows = home.published(
        "SELECT * FROM channel_reporting_by_conversion_date WHERE date = DATE '2025-03-02' "
        "ORDER BY channel_name"
    )
    assert [(row["channel_name"], row["cost"], row["period_roas"]) for row in rows] == [
        ("Direct", D(0), None),
        ("Search", D(0), None),
    ]
    assert sum(row["ihc"] for row in rows) == 1
    assert sum(row["ihc_revenue"] for row in rows) == 10
    [display] = home.published(
        "SELECT * FROM channel_reporting_by_conversion_date WHERE channel_name = 'Display'"
    )
    assert (display["cost"], display["period_roas"], display["period_cpo"]) == (D(4), 0.0, None)


def test_disagreement_is_the_range_over_the_mean(home: Home) -> None:
    """Of a channel and day over all models but markov_path; NULL where none credits anything."""
    cells = home.published(
        "SELECT channel_name, date, MIN(credit) AS least, MAX(credit) AS most, "
        "AVG(credit) AS mean, MIN(disagreement) AS one, MAX(disagreement) AS other "
        "FROM channel_model_comparison WHERE model <> 'markov_path' GROUP BY channel_name, date"
    )
    for cell in cells:
        if not cell["most"]:
            assert cell["other"] is None
            continue
        expected = float(cell["most"] - cell["least"]) / cell["mean"]
        assert cell["one"] == cell["other"] == pytest.approx(expected, rel=1e-12)
    direct = [cell["one"] for cell in cells if cell["channel_name"] == "Direct"]
    assert direct[0] > 0.5, "last gives it c1 whole, last_non_direct nothing"


def test_what_is_complete_does_not_move(tmp_path: Any) -> None:
    """A later journey changes removal effects, and with them old rows of markov_path alone."""
    home = Home(tmp_path, groups=ATTRIBUTION, journey_lookback=3)
    home.load(
        "session_sources",
        "s1,u,Search,2025-03-01,10:00:00,0,0",
        "s2,u,Display,2025-03-02,10:00:00,0,0",
        "s3,v,Search,2025-03-02,11:00:00,0,0",
    )
    home.load("conversions", "c1,u,2025-03-02,12:00:00,5", "c2,w,2025-03-20,12:00:00,5")
    home.publish()
    rows = "SELECT * FROM channel_model_comparison WHERE complete ORDER BY ALL"
    before = home.values(rows)
    models = home.values("SELECT DISTINCT model FROM channel_model_comparison WHERE complete")
    assert set(models) == set(MODELS) - {"markov_path"}
    moving = (
        "SELECT * FROM channel_model_comparison "
        "WHERE model = 'markov_path' AND date < '2025-03-04' ORDER BY ALL"
    )
    markov_before = home.values(moving)
    home.load("session_sources", "s4,x,Search,2025-03-21,10:00:00,0,0")
    home.load("conversions", "c3,x,2025-03-21,12:00:00,5")
    home.publish()
    assert [row for row in home.values(rows) if row in before] == before
    assert home.values(moving) != markov_before


def test_a_new_conversion_restates_the_days_that_it_reaches(home: Home, tmp_path: Any) -> None:
    """The session days within its lookback, and no others."""
    fresh = _home(tmp_path, as_of="2025-03-31")
    fresh.load("conversions", "c4,u,2025-03-12,12:00:00,5")
    days = fresh.plan().days
    assert [day.day for day in days["marts.attribution"]] == [12]
    assert [day.day for day in days["marts.channel_reporting"]] == [*range(2, 32)], (
        "its lookback, and every later day: conversions may be known from then on"
    )
    assert [day.day for day in days["marts.channel_reporting_by_conversion_date"]] == [12]


def test_what_waits_for_a_score_keeps_days_open(tmp_path: Any) -> None:
    """A pending journey can yet credit the sessions of its lookback; other days are complete."""
    home = _home(tmp_path, as_of="2025-03-31", ihc_api_key="k", ihc_conversion_type="shop")
    rows = home.values(
        "SELECT channel_name, CAST(date AS VARCHAR), ihc, complete FROM channel_reporting "
        "ORDER BY date, channel_name"
    )
    assert rows == [
        ("Search", "2025-03-01", D(0), False),
        ("(pending)", "2025-03-02", D(1), False),
        ("Direct", "2025-03-02", D(0), False),
        ("Display", "2025-03-03", D(0), False),
        ("Search", "2025-03-04", D(0), False),
        ("(pending)", "2025-03-05", D(1), False),
        ("(not attributed)", "2025-03-20", D(1), True),
    ]
    assert home.values(
        "SELECT DISTINCT disagreement FROM channel_model_comparison WHERE date < '2025-03-05'"
    ) == [None]
    total = home.values("SELECT SUM(ihc), SUM(ihc_revenue), SUM(cost) FROM channel_reporting")
    assert total == [(D(3), D(19), D(7))]
    columns, models = model_overview(home.settings)
    assert {row[columns.index("disagreement")] for row in models} == {None}
    assert pending_conversions(home.settings) == 2


def test_without_removal_effects_there_is_no_markov_path(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many channels for a chain: the model is left out, not invented; the checks know."""
    monkeypatch.setattr(markov, "MARKOV_CHANNELS", {1: 2, 2: 2, 3: 2})
    home = _home(tmp_path, as_of="2025-03-31")
    expected = sorted(set(MODELS) - {"markov_path"})
    for table in ("attribution", "channel_model_comparison"):
        assert home.values(f"SELECT DISTINCT model FROM {table} ORDER BY model") == expected
    for check in table_checks(home.settings):
        if check.name in ("models_reconcile", "credit_reconciles"):
            assert check.run(home.engine).passed
