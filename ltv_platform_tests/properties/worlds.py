"""Random files for all nine sources, and what happens to them.

A record knows whether it is good, so that a test can say what the tables must hold without
reading a file. Keys are few, so that they collide; days lie around the change to summer time.
A world is made of a seed and not of single draws: hypothesis tries small and like values first,
and of a few dozen worlds each must have much to say.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import strategies as st

START = date(2025, 3, 25)
_DAYS = 12

HEADERS = {
    "customers": "customer_id,registration_date,country,acquisition_source,campaign_id,updated_at",
    "transactions": "transaction_id,customer_id,transaction_date,amount,is_refund,currency,"
    "updated_at",
    "customer_interactions": "interaction_id,customer_id,interaction_date,interaction_type,"
    "updated_at",
    "session_sources": "session_id,user_id,channel_name,event_date,event_time,holder_engagement,"
    "closer_engagement",
    "session_costs": "session_id,cost",
    "conversions": "conv_id,user_id,conv_date,conv_time,revenue",
    "campaign_costs": "campaign_id,date,country,cost,currency",
    "campaigns": "campaign_id,campaign_name",
    "fx_rates": "date,currency,rate",
}
#: Columns that make the key.
_KEYS = {"fx_rates": 2, "campaign_costs": 2}

#: What no rule lets pass, by table: column and value.
_GARBAGE = {
    "customers": [(1, "soon"), (1, "2025-02-30"), (0, ""), (1, "2024-12-31 10:00:00")],
    "transactions": [
        (3, "-1"),
        (3, "ten"),
        (3, "1.0000001"),
        (3, "inf"),
        (4, "maybe"),
        (5, "euro"),
        (2, "2099-01-01"),
        (2, "2025-03-20 23:00:00"),
    ],
    "customer_interactions": [(3, ""), (2, "25:00")],
    "session_sources": [(5, "2"), (3, "2025-13-01")],
    "session_costs": [(1, "1,0"), (0, "")],
    "conversions": [(4, "-5"), (3, "noon")],
    "campaign_costs": [(3, "free"), (0, "(organic)"), (1, "")],
    "campaigns": [(0, " ")],
    "fx_rates": [(2, "0"), (1, "euro"), (2, "-1.1")],
}
#: Left as they stand: a record that cannot be split into the columns of its table.
_RAGGED = ("a,b,c,d,e,f,g,h,i,j", "torn")


@dataclass(frozen=True)
class Record:
    """One line of a file.

    Attributes:
        values: Its fields; one only for a record that cannot be split.
        good: Every rule lets it pass.
    """

    values: tuple[str, ...]
    good: bool

    @property
    def line(self) -> str:
        """As it is in the file; a comma inside is quoted."""
        if len(self.values) == 1:
            return self.values[0]
        return ",".join(f'"{value}"' if "," in value else value for value in self.values)


@dataclass(frozen=True)
class File:
    """Records of one table, in order."""

    table: str
    records: tuple[Record, ...]

    @property
    def text(self) -> str:
        """The content of the CSV file."""
        return "\n".join([HEADERS[self.table], *(record.line for record in self.records)]) + "\n"


@dataclass(frozen=True)
class Step:
    """Something that a process does, and when it dies.

    Attributes:
        does: ``refresh`` or ``publish``, or the place of a file to ingest.
        settings: Settings of this process, other than those of the end.
        dies_at: Its last statement; None: it lives.
        after: It dies after that statement and not before.
    """

    does: str | int
    settings: tuple[tuple[str, Any], ...] = ()
    dies_at: int | None = None
    after: bool = False


@dataclass(frozen=True)
class World:
    """Files, the steps that take them in, and the settings at the end.

    Attributes:
        files: In the order in which they count where versions conflict.
        steps: Every file is ingested by at least one of them, if none dies.
        in_order: Versions conflict, so the order of receipt decides and is kept.
        settings: Settings of the last refresh.
    """

    files: tuple[File, ...]
    steps: tuple[Step, ...]
    in_order: bool
    settings: dict[str, Any]


#: Of the fields of a good record, without updated_at.
_FIELDS: dict[str, Callable[[Random], tuple[str, ...]]] = {
    "customers": lambda c: (
        _user(c),
        _moment(c),
        _country(c),
        c.choice(("ads", "organic", "")),
        c.choice(("c1", "c2", "")),
    ),
    "transactions": lambda c: (
        _name(c, "t", 9),
        c.choice((_user(c), _user(c), _user(c), "nobody")),
        _moment(c),
        _amount(c),
        c.choice("0001"),
        c.choice(("", "", "USD", "EUR", "CHF")),
    ),
    "customer_interactions": lambda c: (_name(c, "i", 5), _user(c), _moment(c), "login"),
    "session_sources": lambda c: (
        _name(c, "s", 4),
        _user(c),
        "ads",
        _day(c),
        c.choice(("00:15", "23:30:00")),
        c.choice("01"),
        c.choice("01"),
    ),
    "session_costs": lambda c: (_name(c, "s", 4), _amount(c)),
    "conversions": lambda c: (_name(c, "v", 5), _user(c), _day(c), "23:45:00", _amount(c)),
    "campaign_costs": lambda c: (
        c.choice(("c1", "c1", "c2", "c3")),
        c.choice(("2025-03-27", "2025-03-28", "2025-04-03")),
        _country(c),
        _amount(c),
        c.choice(("", "EUR")),
    ),
    "campaigns": lambda c: (_name(c, "c", 3), c.choice(("Spring", "Fall, again"))),
    "fx_rates": lambda c: (
        str(date.fromisoformat(_day(c)) - timedelta(days=4)),
        c.choice(("EUR", "CHF")),
        c.choice(("1.1", "0.00723", "1.00000001", "2")),
    ),
}
_STAMPS = ("", "2025-05-01", "2025-05-01 00:00:01", "2025-05-02", "2025-06-01T02:00:00+02:00")
_DATED = tuple(table for table, header in HEADERS.items() if header.endswith("updated_at"))
#: Without these there is little to be wrong.
_ALWAYS = ("customers", "transactions", "campaign_costs", "fx_rates")
#: So many files come one by one, after everything else is published: what many files touch
#: together is rewritten anyway, and would hide what one of them is missing.
_LATE = 3


def _name(chance: Random, letter: str, most: int) -> str:
    return f"{letter}{chance.randint(1, most)}"


def _user(chance: Random) -> str:
    return _name(chance, "u", 4)


def _country(chance: Random) -> str:
    return chance.choice(("US", "DE", ""))


def _day(chance: Random) -> str:
    return str(START + timedelta(days=chance.randint(1, _DAYS)))


def _moment(chance: Random) -> str:
    hour, minute = chance.choice((0, 3, 9, 21, 22, 23)), chance.choice((0, 15, 59))
    return f"{_day(chance)} {hour:02d}:{minute:02d}:00"


def _amount(chance: Random) -> str:
    return f"{chance.randrange(100)}.{chance.randrange(10**6):06d}"


def _good(chance: Random, table: str) -> Record:
    stamp = (chance.choice(_STAMPS),) if table in _DATED else ()
    return Record((*_FIELDS[table](chance), *stamp), good=True)


def _bad(chance: Random, table: str) -> Record:
    if chance.random() < 0.3:
        return Record((chance.choice(_RAGGED),), good=False)
    values = list(_good(chance, table).values)
    place, value = chance.choice(_GARBAGE[table])
    values[place] = value
    return Record(tuple(values), good=False)


def _identity(table: str, record: Record) -> tuple[str, ...]:
    """What two different records must not share, so that their order does not matter."""
    key = record.values[: _KEYS.get(table, 1)]
    return (*key, record.values[-1]) if table in _DATED else key


def _records(chance: Random, table: str, *, in_order: bool) -> list[Record]:
    """Good and bad records; without conflicts where the order of receipt is not kept."""
    # Few rates, or the newest before a day is always near.
    most = 4 if table == "fx_rates" else 9
    records = [_good(chance, table) for _ in range(chance.randint(3, most))]
    first: dict[tuple[str, ...], Record] = {}
    if not in_order:
        # Of those that conflict, copies of the first; but costs of one key add up, copies too.
        records = [first.setdefault(_identity(table, r), r) for r in records]
        if table == "campaign_costs":
            records = list(first.values())
    for _ in range(chance.randint(0, 1)):
        records.insert(chance.randrange(len(records)), _bad(chance, table))
    return records


def _split(chance: Random, table: str, records: list[Record], *, in_order: bool) -> list[File]:
    """The records as one to three files."""
    if table == "campaign_costs" and not in_order:
        # A load replaces the campaign-days that it holds, so these must not be torn apart.
        homes = {day: chance.randrange(3) for day in sorted({r.values[:2] for r in records})}
        parts = [[r for r in records if homes[r.values[:2]] == home] for home in range(3)]
    else:
        cuts = chance.choices(range(len(records)), k=chance.choice((0, 1, 1, 2)))
        cuts += _contradictions(table, records) if in_order else []
        edges = [0, *sorted(set(cuts) - {0}), len(records)]
        parts = [records[start:end] for start, end in pairwise(edges)]
    return [File(table, tuple(part)) for part in parts if part]


def _contradictions(table: str, records: list[Record]) -> list[int]:
    """Where a file must end, for events under one key not to contradict each other in it."""
    cuts: list[int] = []
    seen: dict[tuple[str, ...], tuple[str, ...]] = {}
    for place, record in enumerate(records):
        if table in {"customers", "campaigns"} or not record.good:
            continue
        identity = _identity(table, record)
        if seen.get(identity, record.values) != record.values:
            cuts.append(place)
            seen.clear()
        seen[identity] = record.values
    return cuts


def _settings(chance: Random) -> dict[str, Any]:
    return {
        "as_of": _as_of(chance),
        "timezone": chance.choice(("UTC", "Europe/Berlin", "America/New_York")),
        "window": chance.choice(("hours", "hours", "calendar")),
    }


def _as_of(chance: Random) -> str | None:
    return chance.choice((None, None, "2025-04-01", "2025-04-20"))


def world_of(chance: Random) -> World:
    """A world; most processes live, and some have other settings than the last."""
    in_order = chance.random() < 0.5
    others = [table for table in HEADERS if table not in _ALWAYS]
    files: list[File] = []
    for table in (*_ALWAYS, *chance.sample(others, k=2)):
        records = _records(chance, table, in_order=in_order)
        files += _split(chance, table, records, in_order=in_order)
    places = chance.sample(range(len(files)), k=len(files))
    if in_order:  # tables interleaved, each table's files in their order
        waiting = {table: iter([f for f in files if f.table == table]) for table in HEADERS}
        files = [next(waiting[files[place].table]) for place in places]
        places = sorted(places)
    return World(tuple(files), tuple(_steps(chance, places)), in_order, _settings(chance))


def _steps(chance: Random, places: list[int]) -> list[Step]:
    steps = []
    for waiting, place in zip(range(len(places), 0, -1), places, strict=True):
        if waiting == _LATE:
            steps.append(Step("publish"))
        steps.append(_step(chance, place))
        if waiting <= _LATE or chance.random() < 0.2:
            steps.append(_step(chance, chance.choice(("refresh", "publish"))))
    return steps


def _step(chance: Random, does: str | int) -> Step:
    other: dict[str, Any] = {}
    if chance.random() < 0.2:  # under another zone all is rewritten, so that is rare
        other = _settings(chance) if chance.random() < 0.2 else {"as_of": _as_of(chance)}
    most = 40 if isinstance(does, int) else 110
    dies_at = chance.randint(1, most) if chance.random() < 0.3 else None
    return Step(does, tuple(other.items()), dies_at, chance.random() < 0.5)


worlds = st.randoms(use_true_random=True).map(world_of)


def instant(text: str) -> datetime:
    """A moment as the worlds write it, in UTC without zone."""
    moment = datetime.fromisoformat(text)
    offset = moment.utcoffset() or timedelta()
    return moment.replace(tzinfo=None) - offset
