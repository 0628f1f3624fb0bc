"""Clears rows that certainly keep their contract, in a millionth of a second each.

Compiled from the same contract as the SQL that judges rows, and deliberately narrow: it knows the
usual forms of values and their bounds, column by column over many rows. A row that it does not
clear may still be good; ``judging`` decides. A test verifies that ingestion accepts what it clears.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import repeat
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from ltv_platform.contracts import Column, SourceTable
from ltv_platform.events.judging import latest_of
from ltv_platform.settings import Settings

#: Rows cleared together: if one of them is doubtful, so are the others.
_TOGETHER = 32
#: Below this, every number with six decimals has its own double.
_LARGEST = 1e9
#: A double preserves any decimal of this many significant digits.
_DIGITS = 15
_DECIMALS = 6
#: Dates that stand for "no date" lie before it, in any zone.
_LONG_AGO = date(1970, 1, 5)
#: Two days cover the difference of any two zones, and three hours that of summer time.
_ZONES, _SUMMER = timedelta(days=2), timedelta(hours=3)

#: By length of a timestamp: its position of the separators, and of the Z.
_DAY, _TIME = {4: "-", 7: "-"}, {13: ":", 16: ":"}
_TIMESTAMPS = {
    19: {**_DAY, **_TIME},
    20: {**_DAY, **_TIME, 19: "Z"},
    23: {**_DAY, **_TIME, 19: "."},
    24: {**_DAY, **_TIME, 19: ".", 23: "Z"},
    26: {**_DAY, **_TIME, 19: "."},
    27: {**_DAY, **_TIME, 19: ".", 26: "Z"},
}
_BEFORE_DECIMALS = len("2023-01-15 10:30:00.")
_DATES, _TIMES = {10: _DAY}, {8: {2: ":", 5: ":"}}

#: A rule that compares one column with some texts.
_COMPARISON = re.compile(r"(?:lower\((\w+)\)|(\w+)) (?:= ('[^']*')|IN \(('[^']*'(?:, '[^']*')*)\))")
#: More combinations of values than this are forgotten.
_MOST_KNOWN = 10_000

#: Digits and points become 0, the marks of exponents e, everything else x.
_SHAPES = bytes(
    ord("0") if each in b"0123456789." else ord("e") if each in b"eE" else ord("x")
    for each in range(256)
)
#: The judge reads exponents behind at most 15 digits.
_LONG_EXPONENT = b"0" * 16 + b"e"
#: What makes names uncountable, and a flag written as -0 (not a flag) look like 0.
_ODD = (b"\t", b'" :', b":-0", b" -0")

Row = dict[str, Any]


@dataclass(frozen=True)
class Bounds:
    """Dates between which a row is certainly neither too old nor in the future.

    Attributes:
        first: The first day.
        last: The last day.
        latest: The latest instant, as UTC and as local time of the sources.
    """

    first: date
    last: date
    latest: datetime


def bounds(settings: Settings, start: date | None) -> Bounds:
    """The bounds for rows that arrive now.

    Args:
        settings: For the zones and the clock.
        start: First partition; None: not settled yet.
    """
    utc = latest_of(settings)
    zones = ZoneInfo(settings.source_timezone), settings.zone
    local = [utc.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) for zone in zones]
    first = _LONG_AGO if start is None else max(_LONG_AGO, start + _ZONES)
    latest = min(utc, *local) - _SUMMER
    return Bounds(first, latest.date() - timedelta(days=1), latest)


class Clearing:
    """Clears rows of one source table.

    Args:
        source: The contract.
    """

    def __init__(self, source: SourceTable) -> None:
        self._names = [column.name for column in source.columns]
        self._checks = [(column.name, _check(column)) for column in source.columns]
        self._forbidden: dict[str, frozenset[str]] = {}
        self._combined: list[str] = []
        for rule in source.rules:
            if comparison := _COMPARISON.fullmatch(rule.breaks):
                texts = re.findall(r"'([^']*)'", comparison[3] or comparison[4])
                self._forbidden[comparison[1] or comparison[2]] = frozenset(map(str.lower, texts))
            else:
                self._combined += [
                    name for name in self._names if re.search(rf"\b{name}\b", rule.breaks)
                ]
        self._known: set[tuple[Any, ...]] = set()

    def doubtful(self, texts: Sequence[bytes], rows: Sequence[Row], limits: Bounds) -> list[int]:
        """Indexes of the rows that are not cleared.

        Args:
            texts: The JSON texts of the rows.
            rows: Their values.
            limits: The bounds.
        """
        if self._are_clear(texts, rows, limits):
            return []
        if len(rows) <= _TOGETHER:
            return list(range(len(rows)))
        found: list[int] = []
        for start in range(0, len(rows), _TOGETHER):
            some = slice(start, start + _TOGETHER)
            if not self._are_clear(texts[some], rows[some], limits):
                found += range(start, min(start + _TOGETHER, len(rows)))
        return found

    def remember(self, row: Row) -> None:
        """Remember the values of a row judged to be good, for rules over several columns."""
        if self._combined:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known |= self._combinations(self._columns([row]), 1)

    def _combinations(self, columns: Mapping[str, Sequence[Any]], rows: int) -> set[Any]:
        """The different values of the columns that a rule combines, with their types."""
        values = [columns.get(name, (None,) * rows) for name in self._combined]
        # 1, 1.0 and True are equal in Python.
        return set(zip(*values, *(map(type, column) for column in values), strict=True))

    def _columns(self, rows: Sequence[Row]) -> Mapping[str, Sequence[Any]]:
        """The values of the rows by column, of those that any row names."""
        first = rows[0]
        named = [name for name in self._names if name in first]
        if len(rows) == 1:
            return {name: (first[name],) for name in named}
        if len(named) > 1 and all(map(first.keys().__eq__, map(dict.keys, rows))):
            return dict(zip(named, zip(*map(itemgetter(*named), rows), strict=True), strict=True))
        columns = ((name, [row.get(name) for row in rows]) for name in self._names)
        return {name: values for name, values in columns if any(v is not None for v in values)}

    def _are_clear(self, texts: Sequence[bytes], rows: Sequence[Row], limits: Bounds) -> bool:
        if not _are_plain(texts, rows):
            return False
        columns = self._columns(rows)
        for name, check in self._checks:
            if not check(columns.get(name), limits):
                return False
        for name, texts_of_rule in self._forbidden.items():
            joined = "".join(map(str, columns.get(name, ()))).lower()
            if any(text in joined for text in texts_of_rule):
                return False
        return not self._combined or self._known >= self._combinations(columns, len(rows))


def _are_plain(texts: Sequence[bytes], rows: Sequence[Row]) -> bool:
    """Whether no row names a column twice, nests, or has a number that only its digits show."""
    text = b"".join(texts)
    names = sum(map(len, rows))
    return (
        text.count(b'":') == names
        and not any(odd in text for odd in _ODD)
        and _LONG_EXPONENT not in text.translate(_SHAPES)
    )


Check = Callable[[Sequence[Any], Bounds], bool]


def _check(column: Column) -> Callable[[Sequence[Any] | None, Bounds], bool]:
    """Whether all values of a column are good."""
    values: Check
    if column.attribute:
        values = _are_single
    elif column.type == "VARCHAR":
        values = _pattern(column) if column.pattern else _text(column)
    elif column.type == "BOOLEAN":
        values = _are_flags
    elif column.type == "DECIMAL(18,6)":
        values = _number(column)
    elif column.type == "DATE":
        values = _are_dates
    elif column.type == "TIME":
        values = _are_times
    elif column.type == "TIMESTAMP":
        values = _are_timestamps
    else:
        values = _are_none
    may_lack = not column.required or column.default is not None

    def check(given: Sequence[Any] | None, limits: Bounds) -> bool:
        if given is None:
            return may_lack
        if None in given:
            given = [value for value in given if value is not None]
            return may_lack and (not given or values(given, limits))
        return values(given, limits)

    return check


def _are_none(values: Sequence[Any], _: Bounds) -> bool:
    return not values


def _are_single(values: Sequence[Any], _: Bounds) -> bool:
    return {str, int, float, bool}.issuperset(map(type, values))


def _text(column: Column) -> Check:
    def are_texts(values: Sequence[Any], limits: Bounds) -> bool:
        if not _are_single(values, limits):
            return False
        return not column.required or (
            all(map(str.strip, map(str, values))) and not _is_odd("".join(map(str, values)))
        )

    return are_texts


def _is_odd(text: str) -> bool:
    """Whether a text has what ingestion trims off, but Python does not."""
    return "\ufeff" in text or "\0" in text


def _pattern(column: Column) -> Check:
    pattern = re.compile(str(column.pattern))

    def match(values: Sequence[Any], _: Bounds) -> bool:
        return set(map(type, values)) == {str} and all(
            value.isascii() and pattern.fullmatch(value.upper() if column.upper else value)
            for value in set(values)
        )

    return match


def _are_flags(values: Sequence[Any], _: Bounds) -> bool:
    return {int, bool, str}.issuperset(map(type, values)) and {0, 1, "0", "1"}.issuperset(values)


def _number(column: Column) -> Check:
    lowest = -_LARGEST if column.minimum is None else column.minimum
    if column.maximum is not None or column.exclusive:
        return _are_none

    def are_numbers(values: Sequence[Any], _: Bounds) -> bool:
        kinds = set(map(type, values))
        if kinds == {str} and all(map(_is_plain, values)):
            values = list(map(float, values))
        elif not {int, float}.issuperset(kinds):
            return False
        return (
            lowest <= min(values)
            and max(values) < _LARGEST
            and list(map(round, values, repeat(_DECIMALS))) == list(values)
        )

    return are_numbers


def _is_plain(text: str) -> bool:
    return len(text) <= _DIGITS and text.isascii() and text.replace(".", "", 1).isdigit()


def _different(values: Sequence[Any]) -> list[Any]:
    """The different ones, as many rows share a day; unchanged if they are not all texts."""
    return list(set(values)) if set(map(type, values)) == {str} else list(values)


def _joined(values: Sequence[Any], shapes: Mapping[int, Mapping[int, str]]) -> str | None:
    """Texts of one shape, joined; None: they are not."""
    if set(map(type, values)) != {str}:
        return None
    length = len(values[0])
    if length not in shapes or set(map(len, values)) != {length}:
        return None
    joined = "".join(values)
    for position, sign in shapes[length].items():
        if joined[position::length] != sign * len(values):
            return None
    return joined if joined.isascii() else None


def _are_dates(values: Sequence[Any], limits: Bounds) -> bool:
    values = _different(values)
    if _joined(values, _DATES) is None:
        return False
    try:
        days = list(map(date.fromisoformat, values))
    except ValueError:
        return False
    return limits.first <= min(days) and max(days) <= limits.last


def _are_times(values: Sequence[Any], _: Bounds) -> bool:
    values = _different(values)
    if _joined(values, _TIMES) is None:
        return False
    try:
        list(map(time.fromisoformat, values))
    except ValueError:
        return False
    return True


def _are_timestamps(values: Sequence[Any], limits: Bounds) -> bool:
    values = _different(values)
    joined = _joined(values, _TIMESTAMPS)
    if joined is None or not {" ", "T"}.issuperset(joined[10 :: len(values[0])]):
        return False
    try:
        instants = [datetime.fromisoformat(value[:19]) for value in values]
    except ValueError:
        return False
    decimals = "".join(value[_BEFORE_DECIMALS:].rstrip("Z") for value in values)
    if decimals and not decimals.isdigit():
        return False
    return limits.first <= min(instants).date() and max(instants) < limits.latest
