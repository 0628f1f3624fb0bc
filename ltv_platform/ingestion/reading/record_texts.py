"""Finds the records of a text, each with its number and text; the texts add up to the whole file.

``hand_split`` parses the records. Code that removes records from a file needs the texts of the
others unchanged.
"""

import csv
import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ltv_platform.errors import UserError
from ltv_platform.ingestion.messages import folded
from ltv_platform.ingestion.reading.dialect import Dialect

#: Maximum characters of a field, and of the text of a rejected record. The csv module takes five
#: times as many bytes to find the end of a field.
LONGEST_FIELD = 256 << 20

#: The reason of a record that swallows the rest of its file begins with this.
UNCLOSED = "record: opens a quote that is never closed"
NO_TEXT = "record: holds bytes that are not UTF-8"

_JSON_WHITESPACE = re.compile(r"[ \t\r\n]*")


def open_text(path: Path) -> Any:
    """Open a file as text with its own line ends; bytes that are not UTF-8 become surrogates."""
    return path.open(encoding="utf-8", errors="surrogateescape", newline="")


def is_unicode(text: str) -> bool:
    """Whether a text is valid Unicode, without stray bytes or half surrogate pairs."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def too_long(name: str, line: int) -> UserError:
    """The error for a record too long to keep in memory."""
    return UserError(
        f"{name}: record {line} is longer than {LONGEST_FIELD >> 20} MiB.",
        "If a quote is never closed, close it; nothing was loaded.",
    )


class Delimited(NamedTuple):
    """A record of delimited text; a blank line has number 0 and is not a record."""

    number: int
    fields: list[str]
    text: str
    reason: str


def delimited_records(
    path: Path, dialect: Dialect, delimiter: str, columns: int, name: str
) -> Iterator[Delimited]:
    """Yield the records of delimited text, the header as number 1; their texts are the whole file.

    Line ends may be mixed. A record with broken quoting or a wrong number of fields has a reason.

    Raises:
        UserError: a field is too long.
    """
    consumed: list[str] = []

    def lines() -> Iterator[str]:
        with open_text(path) as text:
            for line in text:
                consumed.append(line)
                yield line

    reader = csv.reader(
        lines(),
        delimiter=delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        strict=True,
        skipinitialspace=True,
    )
    number = 0
    # The usual limit guards against unterminated quotes, which are kept whole here.
    limit = csv.field_size_limit(LONGEST_FIELD)
    try:
        while True:
            consumed.clear()
            reason = ""
            fields: list[str] = []
            try:
                fields = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                if "larger than field limit" in str(error):
                    raise too_long(name, number + 1) from error
                reason = _quoting_reason(error)
            text = "".join(consumed)
            if not fields and not reason:
                yield Delimited(0, fields, text, "")
                continue
            number += 1
            # The engine's reader ignores empty fields after the last column, too.
            while len(fields) > columns and not fields[-1]:
                fields.pop()
            if not reason and len(fields) != columns:
                reason = f"record: has {len(fields)} columns, not {columns}"
            if not reason and not is_unicode(text):
                reason = NO_TEXT
            yield Delimited(number, fields, text, reason)
    finally:
        csv.field_size_limit(limit)


def _quoting_reason(error: csv.Error) -> str:
    if "unexpected end of data" in str(error):
        return f"{UNCLOSED}; the rest of the file is kept here"
    if "expected after" in str(error):
        return "record: has text behind a closing quote"
    return f"record: cannot be split into columns ({error})"


class Ambiguous(dict[str, Any]):
    """An object with two values for one name."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    return values if len(values) == len(pairs) else Ambiguous(values)


#: Numbers keep the digits they are written with.
DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=str
)


@dataclass(frozen=True)
class JsonRecords:
    """Where the records of a JSON text are.

    Attributes:
        spans: Start and end offset of each.
        within: Start and end offset of the array of records; None: there is no array.
        path: Keys that lead to the array; empty: the array is the whole text.
    """

    spans: Sequence[tuple[int, int]]
    within: tuple[int, int] | None = None
    path: tuple[str, ...] = ()

    def are_lines(self, text: str) -> bool:
        """Whether the text is a series of values, not an array or a single value."""
        return self.within is None and bool(text[self.spans[0][1] :].strip())


def json_records(text: str, wanted: Collection[str] | None, name: str) -> JsonRecords:
    """Find the records of a JSON text: the elements of its array, or its first value.

    The array may be wrapped, as in ``{"data": [{}, {}], "next": null}`` or, one level deeper,
    ``{"response": {"data": [{}]}}``: in an object with none of the wanted columns and exactly one
    list of objects.

    Args:
        text: The text.
        wanted: Columns that a record may have; None: nothing is treated as a wrapper.
        name: Name of the file in messages.

    Raises:
        json.JSONDecodeError: the text is not JSON.
        RecursionError: the text is nested too deeply.
        UserError: the text wraps several lists of objects, or an empty list.
    """
    position = _skip(text, 0)
    if text[position : position + 1] == "[":
        spans, end = _elements(text, position)
        if _skip(text, end) != len(text):
            raise json.JSONDecodeError("Extra data", text, end)
        return JsonRecords(spans, (position, end))
    value, end = DECODER.raw_decode(text, position)
    is_alone = wanted is not None and not text[end:].strip()
    path = _path_to_records(value, wanted or (), name) if is_alone else None
    if path is None:
        return JsonRecords([(position, end)])
    for key in path:
        position = _value_offset(text, position, key)
    spans, end = _elements(text, position)
    return JsonRecords(spans, (position, end), path)


def _path_to_records(value: Any, wanted: Collection[str], name: str) -> tuple[str, ...] | None:
    """Keys that lead to the records in a wrapper object; None: the object itself is a record."""
    known = {folded(column) for column in wanted}
    if not _is_wrapper(value, known):
        return None
    inner = {key: item for key, item in value.items() if _is_wrapper(item, known)}
    lists = {(key,): item for key, item in value.items() if isinstance(item, list)}
    deeper = {
        (outer, key): item
        for outer, wrapped in inner.items()
        for key, item in wrapped.items()
        if isinstance(item, list)
    }
    for level in (lists, deeper):
        found = [path for path, items in level.items() if any(isinstance(i, dict) for i in items)]
        if len(found) > 1:
            raise UserError(
                f"{name} has several lists of records: {', '.join(map('.'.join, found))}.",
                "Keep only the list to load, as a plain array.",
            )
        if found:
            return found[0]
    if [] in (*lists.values(), *deeper.values()):
        raise UserError(f"{name} contains no records: its list is empty.", "Nothing to load.")
    return None


def _is_wrapper(value: Any, known: Collection[str]) -> bool:
    """Whether a value is an object with unique keys, none of them a known column."""
    return (
        isinstance(value, dict)
        and not isinstance(value, Ambiguous)
        and not any(folded(key) in known for key in value)
    )


def _skip(text: str, position: int) -> int:
    match = _JSON_WHITESPACE.match(text, position)
    return match.end() if match else position


def _elements(text: str, position: int) -> tuple[list[tuple[int, int]], int]:
    """Start and end offset of each element of the array that starts here, and the array's end."""
    spans = []
    position = _skip(text, position + 1)
    mark = text[position : position + 1]
    while mark != "]":
        end = DECODER.raw_decode(text, position)[1]
        spans.append((position, end))
        position = _skip(text, end)
        mark = text[position : position + 1]
        if mark == ",":
            position = _skip(text, position + 1)
        elif mark != "]":
            raise json.JSONDecodeError("Expecting ',' or ']'", text, position)
    return spans, position + 1


def _value_offset(text: str, position: int, key: str) -> int:
    """The offset of a key's value, in the object that starts here and has the key."""
    given = None
    while given != key:
        given, end = DECODER.raw_decode(text, _skip(text, position + 1))
        value = _skip(text, _skip(text, end) + 1)
        position = value if given == key else _skip(text, DECODER.raw_decode(text, value)[1])
    return position
