"""Which days of which asset are stale: pure functions of a state.

Staleness is state, not an event. A day is stale if it was never built, if its code has changed, if
``as_of`` crossed it, or if a day of an input that it reads has a higher number than its own write.
So the next run corrects what a crash, a failed run or a touch during a run left behind.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ltv_platform.days import ONE_DAY, days_between
from ltv_platform.tables.transforms import SAME_DAY, AsOf, Graph, Transform, Window
from ltv_platform.warehouse.engine import Built, State

#: Higher than all numbers of the sequence: the input will be rewritten by this run.
_ABOUT_TO_BE_WRITTEN = 2**62

#: Most statements per asset in a run; the closest ranges are merged.
_MOST_SPANS = 12

Span = tuple[date, date]


@dataclass(frozen=True)
class Plan:
    """What is stale.

    Attributes:
        days: Days to write per partitioned table, ascending: the stale ones, and those between that
            are also rewritten (see :func:`spans`).
        whole: Stale assets that are written as a whole.
    """

    days: Mapping[str, tuple[date, ...]]
    whole: tuple[str, ...]

    @property
    def assets(self) -> tuple[str, ...]:
        """All stale assets."""
        return (*self.days, *self.whole)


def plan(
    graph: Graph,
    state: State,
    first: date | None,
    last: date,
    coming: Mapping[str, Iterable[date | None]] | None = None,
) -> Plan:
    """Everything that is stale, and everything that becomes stale when it is rewritten.

    Args:
        graph: The tables and what they read.
        state: The touches and writes so far.
        first: First partition; None: no data yet.
        last: Last partition.
        coming: Days of raw tables that the run itself may touch before it rewrites the others.
    """
    days: dict[str, tuple[date, ...]] = {}
    whole: list[str] = []
    about_to_be: dict[str, Iterable[date | None]] = dict(coming or {})
    for transform in graph.transforms:
        name = transform.name
        if transform.contract.partition is not None:
            stale = stale_days(transform, state, first, last, about_to_be)
            if stale:
                # As they will be written, so that tables that read them are planned as well.
                days[name] = tuple(
                    day for start, end in spans(stale) for day in days_between(start, end)
                )
                about_to_be[name] = days[name]
        elif is_stale(transform, state, about_to_be):
            whole.append(name)
            about_to_be[name] = (None,)
    return Plan(days, tuple(whole))


def stale_days(
    transform: Transform,
    state: State,
    first: date | None,
    last: date,
    about_to_be: Mapping[str, Iterable[date | None]] | None = None,
) -> tuple[date, ...]:
    """The stale days of a partitioned table, ascending.

    Days after ``as_of`` are empty by definition; they are only stale if they were filled under a
    later ``as_of``.
    """
    built = state.built.get(transform.name, {})
    as_of = state.as_of.day
    if first is None:
        return ()
    filled = {day for day in built if day is not None and first <= day <= last}
    if as_of is not None:
        filled.update(days_between(first, min(as_of, last)))
    universe = sorted(filled)
    newest_input = _newest_input(transform, state, universe, about_to_be or {})
    return tuple(
        day
        for day in universe
        if _needs_write(transform, built.get(day), day, as_of, newest_input[day])
    )


def _needs_write(
    transform: Transform, built: Built | None, day: date, as_of: date | None, newest_input: int
) -> bool:
    if built is None or built.code_hash != transform.code_hash:
        return True
    if newest_input > built.seq:
        return True
    return built.as_of != as_of and _is_past(day, built.as_of) != _is_past(day, as_of)


def _is_past(day: date, as_of: date | None) -> bool:
    return as_of is not None and day <= as_of


def is_stale(
    transform: Transform,
    state: State,
    about_to_be: Mapping[str, Iterable[date | None]] | None = None,
) -> bool:
    """Whether an unpartitioned table is stale; as_of and watermarks count here."""
    built = state.built.get(transform.name, {}).get(None)
    if built is None or built.code_hash != transform.code_hash:
        return True
    if knows_something_else(built, state.as_of):
        return True
    newest = (_numbers(table, state, about_to_be or {}).values() for table in transform.inputs)
    return any(max(numbers, default=0) > built.seq for numbers in newest)


def knows_something_else(built: Built, as_of: AsOf) -> bool:
    """Whether as_of or a watermark differs from that of the write."""
    return built.as_of != as_of.day or built.watermarks != as_of.watermarks_text


def newest_write(state: State, asset: str) -> int:
    """The highest number of an asset's writes; 0 if it was never written."""
    return max((built.seq for built in state.built.get(asset, {}).values()), default=0)


def _numbers(
    table: str, state: State, about_to_be: Mapping[str, Iterable[date | None]]
) -> dict[date | None, int]:
    """The number of each day of an input: that of its newest touch or write."""
    numbers: dict[date | None, int] = (
        dict(state.touched.get(table, {}))
        if table.startswith("raw.")
        else {day: built.seq for day, built in state.built.get(table, {}).items()}
    )
    numbers.update(dict.fromkeys(about_to_be.get(table, ()), _ABOUT_TO_BE_WRITTEN))
    return numbers


def _newest_input(
    transform: Transform,
    state: State,
    universe: Sequence[date],
    about_to_be: Mapping[str, Iterable[date | None]],
) -> dict[date, int]:
    newest = dict.fromkeys(universe, 0)
    for table in transform.inputs:
        numbers = _numbers(table, state, about_to_be)
        whole = numbers.pop(None, 0)
        windowed = _window_maximum(numbers, universe, transform.window(table))
        for day in universe:
            newest[day] = max(newest[day], whole, windowed[day])
    return newest


def _window_maximum(
    numbers: Mapping[date | None, int], universe: Sequence[date], window: Window
) -> dict[date, int]:
    """For each day d, the greatest number of the days d - before to d + after.

    One pass with a monotonic queue, so the length of the window does not matter; most windows are a
    single day.
    """
    if window == SAME_DAY:
        return {day: numbers.get(day, 0) for day in universe}
    ordered = sorted((day, number) for day, number in numbers.items() if day is not None)
    candidates: deque[tuple[date, int]] = deque()
    maximum: dict[date, int] = {}
    position = 0
    for day in universe:
        reach = window.last(day)
        while position < len(ordered) and ordered[position][0] <= reach:
            while candidates and candidates[-1][1] <= ordered[position][1]:
                candidates.pop()
            candidates.append(ordered[position])
            position += 1
        earliest = window.first(day)
        while candidates and candidates[0][0] < earliest:
            candidates.popleft()
        maximum[day] = candidates[0][1] if candidates else 0
    return maximum


def spans(days: Iterable[date], *, most: int = _MOST_SPANS) -> list[Span]:
    """Days as contiguous ranges; the closest ones are merged until there are few enough.

    Rewriting a fresh day changes nothing, and a few more days in a statement are cheaper than
    another statement.
    """
    found: list[Span] = []
    for day in sorted(days):
        if found and day <= found[-1][1] + ONE_DAY:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    while len(found) > most:
        nearest = min(range(len(found) - 1), key=lambda i: found[i + 1][0] - found[i][1])
        found[nearest : nearest + 2] = [(found[nearest][0], found[nearest + 1][1])]
    return found
