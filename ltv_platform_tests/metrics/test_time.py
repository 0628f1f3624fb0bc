"""metrics.md §1: as_of, watermarks, maturity, and the reporting zone."""

from datetime import date, datetime, timedelta

import pytest

from ltv_platform_tests.testing.home import CAMPAIGNS, Home

JANUARY = [date(2025, 1, 1) + timedelta(days=offset) for offset in range(31)]


@pytest.fixture(scope="module", params=["as_of", "watermark"])
def january(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A cohort a day with spend and a purchase; the newest event is on the 31st at noon."""
    settings = {"as_of": "2025-01-31"} if request.param == "as_of" else {}
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS, **settings)
    home.load("customers", *(f"u{day:%d},{day} 10:00:00,US,ads,c1" for day in JANUARY))
    home.load("transactions", *(f"t{day:%d},u{day:%d},{day} 12:00:00,5,0" for day in JANUARY))
    home.load("campaign_costs", *(f"c1,{day},US,10" for day in JANUARY))
    home.publish()
    return home


def _last_mature(home: Home, days: int) -> date:
    """The last install date whose window of that many days has ended, as the page defines it."""
    # (d+1 day, 00:00) + N·24 h <= watermark, the end of the 31st or its noon.
    last = date(2025, 1, 31) if home.settings.as_of else date(2025, 1, 30)
    return last - timedelta(days=days)


@pytest.mark.parametrize("days", [1, 3, 7, 30])
def test_what_is_not_mature_is_null(january: Home, days: int) -> None:
    """Mature when (d+1 day, 00:00) + N·24 h <= the revenue watermark. Not mature is NULL."""
    windowed = {
        "campaign_ltv": ["payers_d", "revenue_d", "refunds_d", "ltv_d|_per_user", "arppu_d"],
        "campaign_roas": ["revenue_d", "roas_d"],
    }
    for table, patterns in windowed.items():
        for pattern in patterns:
            stem, _, ending = pattern.partition("|")
            known = january.values(
                f"SELECT install_date FROM {table} WHERE {stem}{days}{ending} IS NOT NULL "
                "ORDER BY ALL"
            )
            assert known == [day for day in JANUARY if day <= _last_mature(january, days)]


@pytest.mark.parametrize("days", [1, 3, 7, 30])
def test_retention_matures_a_day_later(january: Home, days: int) -> None:
    """The Nth day after install ends a day after the window of N days."""
    known = january.values(
        f"SELECT install_date FROM campaign_ltv WHERE retention_d{days} IS NOT NULL ORDER BY ALL"
    )
    assert known == [day for day in JANUARY if day <= _last_mature(january, days + 1)]


def test_user_revenue_and_curve_mature_alike(january: Home) -> None:
    """What is not mature is NULL, not a low number."""
    known = january.values("SELECT install_date FROM user_revenue WHERE revenue_d7 IS NOT NULL")
    assert sorted(known) == [day for day in JANUARY if day <= _last_mature(january, 7)]
    wrong = january.values(
        "SELECT * FROM campaign_cohort_curve WHERE mature <> (cumulative_roas IS NOT NULL) "
        f"OR mature <> (install_date + age_day + 1 <= DATE '{_last_mature(january, 0)}')"
    )
    assert wrong == []


def test_growing_readings_are_never_null(january: Home) -> None:
    """Next to it the growing reading, `*_to_date` columns with the age in days."""
    rows = january.values(
        "SELECT install_date, revenue_to_date, roas_to_date, age_days FROM campaign_roas ORDER BY 1"
    )
    assert rows == [(day, 5, 0.5, (date(2025, 1, 31) - day).days) for day in JANUARY]
    rows = january.values("SELECT revenue_to_date, age_days FROM campaign_ltv ORDER BY 2")
    assert rows == [(5, age) for age in range(31)]


def test_summaries_hold_only_mature_cohorts(january: Home) -> None:
    """`campaign_summary` (grain campaign, over the mature cohorts)."""
    summary = january.one("SELECT * FROM campaign_summary")
    country = january.one("SELECT * FROM country_roas")
    for days in (1, 3, 7):
        mature = _last_mature(january, days).day
        assert summary[f"installs_d{days}"] == country[f"installs_d{days}"] == mature
        assert summary[f"payers_d{days}"] == mature
        assert summary[f"total_revenue_d{days}"] == country[f"revenue_d{days}"] == 5 * mature
        assert summary[f"cohort_cost_d{days}"] == country[f"spend_d{days}"] == 10 * mature
    days_30 = [name for name in summary if "_d30" in name]
    mature = _last_mature(january, 30).day if january.settings.as_of else 0
    assert [summary[name] is None for name in days_30] == [mature == 0] * len(days_30)
    assert summary["installs"] == 31


def test_a_cost_day_is_complete_when_as_of_lies_beyond_it(january: Home) -> None:
    """A cost day is complete when a later cost day, or `as_of`, is after it."""
    rows = january.values("SELECT cost_complete FROM campaign_roas ORDER BY install_date")
    # The end of LTV_AS_OF is the watermark of every feed; without it, the newest day may grow.
    assert rows == [True] * 30 + [january.settings.as_of is not None]


def test_as_of_is_the_newest_event_of_any_feed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`as_of`: the day of the newest event of any feed, else NULL; no event after it counts."""
    home = Home(tmp_path_factory.mktemp("home"))
    assert home.publish().as_of is None
    assert all(rows == [] for rows in home.tables().values())
    home.load("campaigns", "c1,Spring")
    home.load("fx_rates", "2025-12-01,EUR,1.1")
    home.load("session_costs", "s1,1")
    assert home.engine.as_of().day is None, "none of these is an event"
    home.load("transactions", "t1,a,2025-01-03 12:00:00,5,0")
    assert home.engine.as_of().day == date(2025, 1, 3)
    home.load("session_sources", "s1,a,ads,2025-01-05,00:00:00,1,0")
    assert home.engine.as_of().day == date(2025, 1, 5)
    home.load("campaign_costs", "c1,2025-01-06,US,1")
    assert home.engine.as_of().day == date(2025, 1, 6)
    fixed = home.under(as_of="2025-01-04").engine.as_of()
    assert (fixed.day, fixed.known_until("revenue")) == (date(2025, 1, 4), datetime(2025, 1, 5))


def test_an_early_clock_matures_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An event dated more than 24 hours after receipt is quarantined: 2099 matures nothing."""
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS, start_date="2026-01-01")
    home.load("customers", "a,2026-01-14 10:00:00,US,ads,c1")
    home.load(
        "transactions",
        "ok,a,2026-01-14 11:00:00,5,0",
        "tomorrow,a,2026-01-16 11:00:00,7,0",
        "wrong,a,2099-01-01 00:00:00,9,0",
    )
    assert home.publish().as_of == date(2026, 1, 15), "today by the clock of ingestion"
    row = home.one("SELECT * FROM campaign_ltv")
    assert (row["revenue_to_date"], row["revenue_d1"], row["age_days"]) == (5, 5, 1)
    assert home.values("SELECT line FROM quarantine") == [4]
    tomorrow = home.under(now="2026-01-16T12:00:00Z")
    assert tomorrow.publish().as_of == date(2026, 1, 16)
    assert tomorrow.one("SELECT * FROM campaign_ltv")["revenue_to_date"] == 12


def test_a_changed_as_of_cuts_and_restores(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Later events are ignored everywhere; a changed as_of touches the event days between."""
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS)
    home.load("customers", "a,2025-01-01 10:00:00,US,ads,c1", "b,2025-01-09 10:00:00,US,ads,c1")
    home.load("campaign_costs", "c1,2025-01-01,US,4", "c1,2025-01-09,US,4")
    home.load("transactions", "t1,a,2025-01-01 11:00:00,1,0", "t2,a,2025-01-05 11:00:00,2,0")
    home.load("customer_interactions", "i1,a,2025-01-08 11:00:00,login")
    home.load("conversions", "v1,a,2025-01-07,11:00:00,3")
    home.publish()
    whole = home.tables()
    cut = home.under(as_of="2025-01-04")
    cut.publish()
    assert cut.one("SELECT * FROM campaign_ltv")["revenue_to_date"] == 1
    assert cut.one("SELECT * FROM campaign_ltv")["retained_d3"] is None
    for table in ("transactions", "campaign_spend", "customers"):
        assert cut.values(f"SELECT COUNT(*) FROM {table}") == [1]
    for table in ("interactions", "conversions", "sessions"):
        assert cut.values(f"SELECT COUNT(*) FROM {table}") == [0]
    home.publish()
    assert home.tables() == whole


BERLIN = {"timezone": "Europe/Berlin", "horizons": (1, 7)}


def test_days_are_those_of_the_reporting_zone(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A *day* is a calendar day of LTV_TIMEZONE, and so is a partition; timestamps are UTC."""
    home = Home(
        tmp_path_factory.mktemp("home"),
        groups=CAMPAIGNS,
        **BERLIN,
        as_of="2025-04-30",
        window="calendar",
    )
    home.load(
        "customers",
        "a,2025-03-29 22:59:59,US,ads,c1",  # 23:59:59 in Berlin
        "b,2025-03-29 23:00:00,US,ads,c1",  # midnight, the day of 23 hours begins
        "c,2025-03-30 22:00:00,US,ads,c1",  # midnight, it has ended
    )
    home.load(
        "transactions",
        "t1,b,2025-03-30 21:59:59.999999,1,0",
        "t2,b,2025-03-30 22:00:00,2,0",
        "t3,b,2025-04-05 21:59:59.999999,4,0",
        "t4,b,2025-04-05 22:00:00,8,0",
    )
    home.publish()
    days = home.values("SELECT install_date FROM customers ORDER BY customer_id")
    assert days == [date(2025, 3, 29), date(2025, 3, 30), date(2025, 3, 31)]
    row = home.one("SELECT * FROM campaign_ltv WHERE install_date = '2025-03-30'")
    assert (row["revenue_d1"], row["revenue_d7"]) == (1, 7)
    days = home.values("SELECT event_date FROM transactions ORDER BY transaction_id")
    assert days == [date(2025, 3, 30), date(2025, 3, 31), date(2025, 4, 5), date(2025, 4, 6)]


@pytest.mark.parametrize(
    ("watermark", "mature"), [("2025-03-31 21:59:59", False), ("2025-03-31 22:00:00", True)]
)
def test_maturity_begins_at_midnight_of_the_zone(
    tmp_path_factory: pytest.TempPathFactory, watermark: str, mature: bool
) -> None:
    """(d+1 day, 00:00 reporting zone) + N·24 h: 22:00 UTC in the summer of Berlin."""
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS, **BERLIN)
    home.load("customers", "a,2025-03-29 23:30:00,US,ads,c1")
    home.load("transactions", "t1,a,2025-03-30 23:29:59,1,0", f"t2,nobody,{watermark},1,0")
    home.publish()
    row = home.one("SELECT * FROM campaign_ltv")
    assert row["install_date"] == date(2025, 3, 30)
    assert row["revenue_d1"] == (1 if mature else None), "24 hours, though the day has 23"


@pytest.mark.parametrize(
    ("day", "window", "days_later", "mature"),
    [
        ("2025-03-29", "hours", 1, False),  # the 30th has 23 hours, so 24 have not passed
        ("2025-03-29", "calendar", 0, True),  # the first day ends with the as_of
        ("2025-10-25", "hours", 1, True),  # the 26th has 25
        ("2025-10-26", "calendar", 0, True),
    ],
)
def test_maturity_across_a_change_of_clocks(
    tmp_path_factory: pytest.TempPathFactory,
    day: str,
    window: str,
    days_later: int,
    mature: bool,
) -> None:
    """N·24 h are hours, even if clocks change; calendar windows: d+N days."""
    as_of = date.fromisoformat(day) + timedelta(days=days_later)
    home = Home(
        tmp_path_factory.mktemp("home"), groups=CAMPAIGNS, **BERLIN, as_of=as_of, window=window
    )
    home.load("customers", f"a,{day} 10:00:00,US,ads,c1")
    home.load("transactions", f"t1,a,{day} 11:00:00,1,0")
    home.publish()
    assert home.values("SELECT revenue_d1 FROM campaign_ltv") == [1 if mature else None]


@pytest.mark.parametrize(
    ("watermark", "mature"), [("2025-10-26 23:59:59", False), ("2025-10-27 00:00:00", True)]
)
def test_a_day_begins_with_the_first_of_two_midnights(
    tmp_path_factory: pytest.TempPathFactory, watermark: str, mature: bool
) -> None:
    """(d+1 day, 00:00) + N·24 h: on 26 October the Azores go back from 01:00 to 00:00.

    Guards against the second midnight, at which the engine ended the day before an hour late.
    """
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS, timezone="Atlantic/Azores")
    home.load("customers", "a,2025-10-25 10:00:00,US,ads,c1")
    home.load("transactions", "t1,a,2025-10-25 11:00:00,1,0", f"t2,nobody,{watermark},1,0")
    home.publish()
    assert home.values("SELECT revenue_d1 FROM campaign_ltv") == [1 if mature else None]
    weeks = home.values("SELECT known_age_days FROM campaign_ltv_forecast WHERE horizon_days = 30")
    assert weeks == [1 if mature else 0]


def test_another_zone_is_a_rebuild(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Changing LTV_TIMEZONE needs a rebuild, which the platform detects."""
    home = Home(
        tmp_path_factory.mktemp("home"), groups=CAMPAIGNS, start_date="2025-01-01", horizons=(1, 7)
    )
    home.load("customers", "a,2025-01-05 23:30:00,US,ads,c1")
    home.load("transactions", "t1,a,2025-01-06 10:00:00,1,0")
    home.publish()
    berlin = home.under(timezone="Europe/Berlin")
    assert "core.customers" in berlin.plan().days
    berlin.publish()
    assert berlin.values("SELECT install_date FROM campaign_ltv") == [date(2025, 1, 6)]
