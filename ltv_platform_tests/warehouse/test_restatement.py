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
        some = self.chance.sample(sorted(rows), 4) if step else sorted(rows)
        loads = [(table, tuple(rows[table]), headers[table]) for table in some]
        self.loads += loads
        return loads

    def _updated(self, step: int) -> str:
        return self.chance.choice(("", f"2025-05-0{1 + step % 9}", "2025-05-05"))


@pytest.mark.parametrize("seed", [1, 2])
def test_refreshed_tables_equal_a_rebuild(seed: int, tmp_path: Path) -> None:
    """Late events, corrections, restated spend, rates, registrations, another LTV_AS_OF.

    Each refresh rewrites only what the planner says; all tables equal row by row those of a
    fresh home that loads the same files and builds once.
    """
    events = _Events(seed)
    as_ofs = [None, None, "2025-03-28", "2025-03-31", None, "2025-03-25", None]
    home = Home(tmp_path / "refreshed", **SETTINGS)
    for step, as_of in enumerate(as_ofs):
        home = home.under(as_of=as_of)
        for table, rows, header in events.load(step):
            home.load(table, *rows, header=header)
        plan = home.refresh()
        if step in (3, len(as_ofs) - 1):
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


def test_deleting_every_number_never_repeats_one(tmp_path: Path) -> None:
    """`next_sequence` grows over rolled back transactions and replaced rows."""
    from ltv_platform.warehouse.raw_log import next_sequence

    home = Home(tmp_path, start_date=FIRST)
    seen = [0]
    for place in range(3):
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
    numbers = home.engine.rows("SELECT MAX(seq) FROM (FROM raw.built UNION ALL BY NAME FROM raw.touched)")
    assert numbers == [(seen[-1] - 1,)]
