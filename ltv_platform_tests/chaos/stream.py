"""A stream of random files from a seed; their order and repetition must not matter.

Rows are drawn by key and version, so that the same key and version has the same values in
every file. A later version carries a later ``updated_at``; tables without it have one version
of each key. So whatever the order of the files, the tables are the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

#: First day of the data and number of days; the tests' clock stands a day later.
FIRST_DAY = date(2026, 1, 1)
DAYS = 14
_CUSTOMERS = 40
_VERSIONS = 3
_CAMPAIGNS = 4

Row = Callable[[Random, int], str]


@dataclass(frozen=True)
class File:
    """A file to be dropped into landing.

    Attributes:
        table: The source table.
        name: Its name.
        text: CSV.
    """

    table: str
    name: str
    text: str

    def drop(self, home: Path) -> None:
        """Put it into landing, as a careful sender does: written aside and renamed."""
        folder = home / "landing" / self.table
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{self.name}"
        draft.write_text(self.text, "utf-8")
        draft.rename(folder / self.name)


@dataclass(frozen=True)
class _Table:
    header: str
    keys: int
    row: Row
    versions: int = 1


def _moment(random: Random, hours: int = 24 * DAYS) -> datetime:
    start = datetime.combine(FIRST_DAY, datetime.min.time())
    return start + timedelta(seconds=random.randrange(hours * 3600))


def _updated(version: int) -> str:
    return f"2026-01-15 {version:02d}:00:00"


def _day(random: Random) -> str:
    return (FIRST_DAY + timedelta(days=random.randrange(DAYS))).isoformat()


def _who(random: Random) -> str:
    return f"c{random.randrange(_CUSTOMERS + 2)}"  # two of them never register


def _customer(random: Random, version: int) -> str:
    source = random.choice(["ads", "organic", "tv"])
    campaign = f"k{random.randrange(_CAMPAIGNS)}" if source == "ads" else ""
    country = random.choice(["US", "DE", "BR"])
    return f"{_moment(random, 24 * 7)},{country},{source},{campaign},{_updated(version)}"


def _transaction(random: Random, version: int) -> str:
    amount = random.randrange(1, 9_999) / 100
    if random.random() < 0.03:
        return f"{_who(random)},{_moment(random)},-{amount},0,USD,{_updated(version)}"
    refund = int(random.random() < 0.1)
    currency = random.choice(["USD", "USD", "EUR"])
    return f"{_who(random)},{_moment(random)},{amount},{refund},{currency},{_updated(version)}"


def _interaction(random: Random, version: int) -> str:
    kind = random.choice(["login", "support"])
    return f"{_who(random)},{_moment(random)},{kind},{_updated(version)}"


def _session(random: Random, _: int) -> str:
    moment = _moment(random)
    channel = random.choice(["search", "social", "mail"])
    flags = f"{random.randrange(2)},{random.randrange(2)}"
    return f"{_who(random)},{channel},{moment.date()},{moment.time()},{flags}"


def _conversion(random: Random, _: int) -> str:
    moment = _moment(random)
    return f"{_who(random)},{moment.date()},{moment.time()},{random.randrange(1, 500)}"


_TABLES = {
    "customers": _Table(
        "customer_id,registration_date,country,acquisition_source,campaign_id,updated_at",
        _CUSTOMERS,
        _customer,
        _VERSIONS,
    ),
    "transactions": _Table(
        "transaction_id,customer_id,transaction_date,amount,is_refund,currency,updated_at",
        200,
        _transaction,
        _VERSIONS,
    ),
    "customer_interactions": _Table(
        "interaction_id,customer_id,interaction_date,interaction_type,updated_at",
        150,
        _interaction,
        _VERSIONS,
    ),
    "session_sources": _Table(
        "session_id,user_id,channel_name,event_date,event_time,holder_engagement,closer_engagement",
        100,
        _session,
    ),
    "session_costs": _Table(
        "session_id,cost", 100, lambda random, _: f"{random.randrange(500) / 100}"
    ),
    "conversions": _Table("conv_id,user_id,conv_date,conv_time,revenue", 60, _conversion),
    "campaigns": _Table("campaign_id,campaign_name", _CAMPAIGNS, lambda random, _: "Name"),
}
#: What a row of each table begins with.
_PREFIXES = {
    "customers": "c",
    "transactions": "t",
    "customer_interactions": "i",
    "session_sources": "s",
    "session_costs": "s",
    "conversions": "v",
    "campaigns": "k",
}


def files(seed: int, count: int) -> Iterator[File]:
    """A number of files, one after the other; every seventh repeats old rows under a new name."""
    random = Random(f"files of {seed}")
    made: list[File] = []
    for number in range(count):
        if made and random.random() < 1 / 7:
            again = random.choice(made)
            yield File(again.table, f"{number:04d}_again.csv", again.text)
            continue
        table = random.choice([*_TABLES, "transactions", "campaign_costs", "fx_rates"])
        text = _spend(random, seed) if table == "campaign_costs" else ""
        text = text or (_rates(random, seed) if table == "fx_rates" else _rows(table, random, seed))
        made.append(File(table, f"{number:04d}.csv", text))
        yield made[-1]


def _rows(name: str, random: Random, seed: int) -> str:
    table = _TABLES[name]
    keys = sorted(random.sample(range(table.keys), min(table.keys, random.randrange(5, 30))))
    lines = [table.header]
    for key in keys:
        version = random.randrange(table.versions)
        drawn = Random(f"{seed} {name} {key} {version}")
        lines.append(f"{_PREFIXES[name]}{key},{table.row(drawn, version)}")
    return "\n".join(lines) + "\n"


def _spend(random: Random, seed: int) -> str:
    """All lines of some (campaign, day)s, because a load replaces those that it contains."""
    lines = ["campaign_id,date,country,cost"]
    for _ in range(random.randrange(1, 6)):
        campaign, day = f"k{random.randrange(_CAMPAIGNS)}", _day(random)
        if any(line.startswith(f"{campaign},{day}") for line in lines):
            continue
        drawn = Random(f"{seed} spend {campaign} {day}")
        lines += [f"{campaign},{day},{c},{drawn.randrange(9_999) / 100}" for c in ("US", "DE")]
    return "\n".join(lines) + "\n"


def _rates(random: Random, seed: int) -> str:
    lines = ["date,currency,rate"]
    for day in sorted({_day(random) for _ in range(4)}):
        rate = Random(f"{seed} rate {day}").randrange(90, 130) / 100
        lines.append(f"{day},EUR,{rate}")
    return "\n".join(lines) + "\n"
