"""The files in which a table is published, and what each of them depends on.

A file whose inputs are unchanged is hard-linked from the last snapshot. Therefore large tables are
split by time, and rows that depend on more inputs than the others have separate files.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from ltv_platform.contracts import Table
from ltv_platform.contracts.ddl import quoted
from ltv_platform.tables.transforms import Select, Transform
from ltv_platform.warehouse.engine import Reader, State
from ltv_platform.warehouse.planner import newest_write


@dataclass(frozen=True)
class Part:
    """A file of a table: its path in the snapshot, its rows, and a hash of all it depends on."""

    file: str
    select: Select
    fingerprint: str


#: Tables up to this many rows are published in one file, larger ones in a file per month. A newest
#: month with more rows is split further, into a file per day.
_SMALL = 20_000
#: Tables with up to this many rows a year have a file per year: a file costs about as much as a few
#: thousand rows.
_LARGE = 100_000


def derived_parts(engine: Reader, transform: Transform, state: State) -> Iterator[Part]:
    """The files of a table: one per presentation, or several by time."""
    contract = transform.contract
    writes = {day: built.seq for day, built in state.built.get(transform.name, {}).items()}
    days = sorted(day for day in writes if day is not None)
    periods = list(_periods(engine, contract, days))
    for name in transform.presentations:
        others = [newest_write(state, table) for table in transform.presentation_inputs(name)]
        for period, first, last in periods:
            folder = f"{contract.name}.{name}" if name else contract.name
            file = f"{folder}/{period}.parquet" if period else f"{folder}.parquet"
            newest = max((*others, *_writes_shown(transform, writes, first, last)), default=0)
            unsettled = transform.unsettled(state.as_of, last, name)
            text = repr((file, transform.code_hash, newest, first, last, unsettled))
            fingerprint = hashlib.sha256(text.encode()).hexdigest()[:16]
            yield Part(file, transform.presentation(state.as_of, first, last, name), fingerprint)


def _periods(
    engine: Reader, contract: Table, days: Sequence[date]
) -> Iterator[tuple[str, date | None, date | None]]:
    """Name, first and last day of each file; without a name, one file holds all rows."""
    if contract.partition is None or not days:
        yield "", None, None
        return
    rows = _count(engine, contract, days)
    if rows <= _SMALL:
        yield "", days[0], days[-1]
        return
    yearly = rows * 365 / len(days) <= _LARGE
    periods = [
        list(of_period)
        for _, of_period in groupby(days, lambda day: (day.year, yearly or day.month))
    ]
    for of_period in periods:
        newest = of_period is periods[-1] and not yearly and contract.presented is None
        if newest and _count(engine, contract, of_period) > _SMALL:
            # The newest month changes every day, most of its days do not.
            for day in of_period:
                yield str(day), day, day
        else:
            yield f"{of_period[0]:{'%Y' if yearly else '%Y-%m'}}", of_period[0], of_period[-1]


def _count(engine: Reader, table: Table, days: Sequence[date]) -> int:
    """The number of rows of a table from the first day to the last."""
    [(rows,)] = engine.rows(
        f"SELECT COUNT(*) FROM {table.full_name} "
        f"WHERE {quoted(str(table.partition))} BETWEEN $first AND $last",
        {"first": days[0], "last": days[-1]},
    )
    return int(rows)


def _writes_shown(
    transform: Transform, writes: Mapping[date | None, int], first: date | None, last: date | None
) -> Iterable[int]:
    """Numbers of the writes that a part depends on: of its own days and of the days they read."""
    if first is None or last is None:
        return writes.values()
    shown = transform.derivation.shown
    start, end = shown.first(first), shown.last(last)
    return [number for day, number in writes.items() if day is not None and start <= day <= end]
