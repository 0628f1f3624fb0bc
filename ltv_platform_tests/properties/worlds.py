"""Random files for all nine sources, and what is done with them.

A record knows whether it is good, so that a test can say what the tables must hold without
reading a file. Keys are few, so that they collide; days lie around the change to summer time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
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
    "fx_rates": [(2, "0"), (1, "eur"), (2, "-1.1")],
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
        """As it stands in the file; a comma inside is quoted."""
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


_cents = st.integers(0, 10**8).map(lambda micros: f"{micros // 10**6}.{micros % 10**6:06d}")
_days = st.integers(1, _DAYS).map(lambda offset: START + timedelta(days=offset))
_moments = st.builds(
    lambda day, hour, minute: f"{day} {hour:02d}:{minute:02d}:00",
    _days,
    st.sampled_from((0, 3, 9, 21, 22, 23)),
    st.sampled_from((0, 15, 59)),
)
_users = st.sampled_from(("u1", "u2", "u3", "u4"))
_campaigns = st.sampled_from(("c1", "c2", ""))
_countries = st.sampled_from(("US", "DE", ""))
_currencies = st.sampled_from(("", "USD", "EUR", "CHF"))
_flags = st.sampled_from(("0", "1"))


def _names(letter: str, most: int) -> st.SearchStrategy[str]:
    return st.integers(1, most).map(lambda number: f"{letter}{number}")


#: The fields of a good record, without updated_at.
_FIELDS = {
    "customers": (
        _users,
        _moments,
        _countries,
        st.sampled_from(("ads", "organic", "")),
        _campaigns,
    ),
    "transactions": (
        _names("t", 7),
        st.sampled_from(("u1", "u2", "u3", "u4", "nobody")),
        _moments,
        _cents,
        _flags,
        _currencies,
    ),
    "customer_interactions": (_names("i", 4), _users, _moments, st.just("login")),
    "session_sources": (
        _names("s", 4),
        _users,
        st.just("ads"),
        _days.map(str),
        st.sampled_from(("00:15", "23:30:00")),
        _flags,
        _flags,
    ),
    "session_costs": (_names("s", 4), _cents),
    "conversions": (_names("v", 4), _users, _days.map(str), st.just("23:45:00"), _cents),
    "campaign_costs": (
        st.sampled_from(("c1", "c2", "c3")),
        _days.map(str),
        _countries,
        _cents,
        st.sampled_from(("", "EUR")),
    ),
    "campaigns": (_names("c", 3), st.sampled_from(("Spring", "Fall, again"))),
    "fx_rates": (
        _days.map(lambda day: str(day - timedelta(days=4))),
        st.sampled_from(("EUR", "CHF")),
        st.sampled_from(("1.1", "0.00723", "1.00000001", "2")),
    ),
}
_STAMPS = ("", "2025-05-01", "2025-05-01 00:00:01", "2025-05-02", "2025-06-01T02:00:00+02:00")
_DATED = tuple(table for table, header in HEADERS.items() if header.endswith("updated_at"))


def _good(table: str) -> st.SearchStrategy[Record]:
    fields = _FIELDS[table]
    if table in _DATED:
        fields = (*fields, st.sampled_from(_STAMPS))
    return st.tuples(*fields).map(lambda values: Record(values, good=True))


@st.composite
def _bad(draw: st.DrawFn, table: str) -> Record:
    if draw(st.booleans()):
        return Record((draw(st.sampled_from(_RAGGED)),), good=False)
    values = list(draw(_good(table)).values)
    place, value = draw(st.sampled_from(_GARBAGE[table]))
    values[place] = value
    return Record(tuple(values), good=False)


def _identity(table: str, record: Record) -> tuple[str, ...]:
    """What two records must not share, unless they are equal, for their order not to matter."""
    key = record.values[: _KEYS.get(table, 1)]
    return (*key, record.values[-1]) if table in _DATED else key


def _without_conflicts(table: str, records: list[Record]) -> list[Record]:
    """The same records; of those that conflict, copies of the first."""
    first: dict[tuple[str, ...], Record] = {}
    return [
        first.setdefault(_identity(table, record), record) if record.good else record
        for record in records
    ]


@st.composite
def _split(draw: st.DrawFn, table: str, records: list[Record], *, in_order: bool) -> list[File]:
    """The records as one to three files."""
    if table == "campaign_costs" and not in_order:
        # A load replaces the campaign-days that it holds, so these must not be torn apart.
        days = sorted({record.values[:2] for record in records})
        homes = {day: draw(st.integers(0, 2)) for day in days}
        parts = [[r for r in records if homes[r.values[:2]] == home] for home in range(3)]
    else:
        cuts = draw(st.lists(st.integers(0, len(records)), max_size=2).map(sorted))
        edges = [0, *cuts, len(records)]
        parts = [records[start:end] for start, end in pairwise(edges)]
    return [File(table, tuple(part)) for part in parts if part]


def _settings() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "as_of": st.sampled_from((None, None, "2025-04-01", "2025-04-20")),
            "timezone": st.sampled_from(("UTC", "Europe/Berlin", "America/New_York")),
            "window": st.sampled_from(("hours", "hours", "calendar")),
        }
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world; most steps live, and some processes have other settings than the last."""
    in_order = draw(st.booleans())
    files: list[File] = []
    for table in HEADERS:
        records = draw(st.lists(_good(table), min_size=1, max_size=8))
        if not in_order:
            if table == "campaign_costs":  # lines of one key add up, copies too
                records = list({_identity(table, record): record for record in records}.values())
            else:
                records = _without_conflicts(table, records)
        for bad in draw(st.lists(_bad(table), max_size=2)):
            records.insert(draw(st.integers(0, len(records))), bad)
        files += draw(_split(table, records, in_order=in_order))
    if in_order:
        files = draw(st.permutations(files).map(_kept_in_order(files)))
    places: list[int] = (
        draw(st.permutations(range(len(files)))) if not in_order else list(range(len(files)))
    )
    steps = list(draw(_steps(places)))
    return World(tuple(files), tuple(steps), in_order, draw(_settings()))


def _kept_in_order(files: list[File]) -> Any:
    """Interleave tables by a permutation, each table's files staying in their order."""

    def keep(permuted: list[File]) -> list[File]:
        waiting = {table: iter([f for f in files if f.table == table]) for table in HEADERS}
        return [next(waiting[file.table]) for file in permuted]

    return keep


@st.composite
def _steps(draw: st.DrawFn, places: list[int]) -> Iterator[Step]:
    steps = []
    for place in places:
        steps.append(draw(_step(place)))
        if draw(st.integers(0, 3)) == 0:
            steps.append(draw(_step(draw(st.sampled_from(("refresh", "publish"))))))
    return steps


@st.composite
def _step(draw: st.DrawFn, does: str | int) -> Step:
    other = draw(st.one_of(st.just({}), st.just({}), _settings()))
    dies_at = draw(st.one_of(st.none(), st.integers(1, 40 if isinstance(does, int) else 110)))
    return Step(does, tuple(other.items()), dies_at, draw(st.booleans()))


def instant(text: str) -> datetime:
    """A moment as the worlds write it, in UTC without zone."""
    moment = datetime.fromisoformat(text)
    offset = moment.utcoffset() or timedelta()
    return moment.replace(tzinfo=None) - offset
