"""However the rows arrived, the tables equal a rebuild from nothing."""

import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from ltv_platform_tests.warehouse.homes import HEADERS, Home

DAYS = 16
FIRST = date(2025, 3, 20)  # the clocks change on the 30th
SETTINGS = {
    "start_date": FIRST,
    "timezone": "Europe/Berlin",
    "horizons": (1, 3, 7),
    "user_horizons": (7,),
}
DATED = {table: HEADERS[table] + ",updated_at" for table in ("customers", "transactions")}


class _Events:
    """Random loads: new rows, corrections that move days, restated spend, arriving rates."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.loads: list[tuple[str, tuple[str, ...], str]] = []

    def day(self) -> date:
        return FIRST + timedelta(days=self.chance.randrange(DAYS))

    def moment(self) -> str:
        hour = self.chance.choice((0, 9, 21, 22, 23))
        return f"{self.day() + timedelta(days=1)} {hour:02d}:{self.chance.randrange(60):02d}:00"

    def load(self, step: int) -> list[tuple[str, tuple[str, ...], str]]:
        """The files of a step; keys come again, with other values on other days."""
        pick = self.chance.choice
        users = [f"u{place}" for place in range(12)]
        rows: dict[str, list[str]] = {
            "customers": [
                f"{pick(users)},{self.moment()},{pick(('US', 'DE', ''))},"
                f"{pick(('ads', 'organic', ''))},{pick(('c1', 'c2', ''))},{self._updated(step)}"
                for _ in range(5)
            ],
            "transactions": [
                f"t{self.chance.randrange(40)},{pick([*users, 'nobody'])},{self.moment()},"
                f"{self.chance.randrange(1, 99)}.{self.chance.randrange(10**6):06d},"
                f"{pick((0, 0, 0, 1))},{pick(('', 'USD', 'EUR', 'CHF'))},{self._updated(step)}"
                for _ in range(10)
            ],
            "customer_interactions": [
                f"i{self.chance.randrange(12)},{pick(users)},{self.moment()},login"
                for _ in range(3)
            ],
            "session_sources": [
                f"s{self.chance.randrange(9)},{pick(users)},ads,{self.day()},22:30:00,1,0"
                for _ in range(3)
            ],
            "session_costs": [f"s{self.chance.randrange(9)},{self.chance.randrange(50)}"],
            "conversions": [f"v{self.chance.randrange(9)},{pick(users)},{self.day()},23:30:00,7"],
            "campaign_costs": [
                f"{pick(('c1', 'c2', 'c3'))},{self.day()},{pick(('US', 'DE', ''))},"
                f"{self.chance.randrange(100)}.01,{pick(('', 'EUR', 'CHF'))}"
                for _ in range(4)
            ],
            "fx_rates": [f"{self.day()},{pick(('EUR', 'CHF'))},1.{self.chance.randrange(1, 99)}"],
            "campaigns": [f"c1,Name {step}"],
        }
        headers = {
            **HEADERS,
            "customers": DATED["customers"],
            "transactions": HEADERS["transactions"] + ",currency,updated_at",
            "campaign_costs": HEADERS["campaign_costs"] + ",currency",
        }
        some = self.chance.sample(sorted(rows), 3) if step else sorted(rows)
        loads = [(table, tuple(rows[table]), headers[table]) for table in some]
        self.loads += loads
        return loads

    def _updated(self, step: int) -> str:
        return self.chance.choice(("", f"2025-05-0{1 + step % 9}", "2025-05-05"))


@pytest.mark.parametrize("seed", [2])
def test_refreshed_tables_equal_a_rebuild(seed: int, tmp_path: Path) -> None:
    """Late events, corrections, restated spend, rates, registrations, another LTV_AS_OF.

    Each refresh rewrites only what the planner says; all tables equal row by row those of a
    fresh home that loads the same files and builds once.
    """
    events = _Events(seed)
    as_ofs = [None, "2025-03-28", "2025-03-31", "2025-03-25", None]
    home = Home(tmp_path / "refreshed", **SETTINGS)
    for step, as_of in enumerate(as_ofs):
        home = home.under(as_of=as_of)
        for table, rows, header in events.load(step):
            home.load(table, *rows, header=header)
        plan = home.refresh()
        # In between too: what a later step rewrites anyway could hide a fault.
        if step in (2, len(as_ofs) - 1):
            rebuilt = Home(tmp_path / f"rebuilt_{step}", **SETTINGS, as_of=as_of)
            for table, rows, header in events.loads:
                rebuilt.load(table, *rows, header=header)
            rebuilt.refresh()
            expected = rebuilt.tables()
            for table, given in home.tables().items():
                assert given == expected[table], (step, table)
    assert plan.assets, "the last step changed something"
    assert all(expected.values()), "no table is empty, or the comparison says little"


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
    zone = {"timezone": "Europe/Berlin", "as_of": "2025-04-10", "horizons": (1, 7)}
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
    assert home.engine.rows(curve) == [(date(2025, 3, 30), 5)]


def test_deleting_every_number_never_repeats_one(tmp_path: Path) -> None:
    """`next_sequence` grows over rolled back transactions and replaced rows."""
    from ltv_platform.warehouse.raw_log import next_sequence

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
                "INSERT INTO raw.touched VALUES ($seq, 'customers', DATE '2025-03-20')",
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
    """The start moves earlier by itself; the days before are built, those after stay."""
    old = [f"o{place},a,2024-12-{1 + place % 28:02d},10:00:00,1" for place in range(1_000)]
    new = [f"n{day},a,2025-01-{day:02d},10:00:00,2" for day in range(1, 5)]
    home = Home(tmp_path / "moved", horizons=(1, 7))
    home.load("conversions", *new)
    home.publish()
    before = dict(home.engine.state().built["core.conversions"])
    home.load("conversions", *old)
    home.publish()
    after = home.engine.state().built["core.conversions"]
    assert min(day for day in after if day is not None) == date(2024, 1, 1)
    assert {day: after[day] for day in before} == before
    fresh = Home(tmp_path / "fresh", horizons=(1, 7))
    fresh.load("conversions", *old)
    fresh.load("conversions", *new)
    fresh.publish()
    assert home.tables() == fresh.tables()
    assert home.values("SELECT COUNT(*) FROM conversions") == [1_004]
