"""Where the records of a text begin and end: each with its number and its text, nothing lost.

What becomes of a record is the business of ``hand_split``; whoever takes records out of a file
needs the texts of the others as they stand.
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

#: Longest field and longest text of a rejected record, in characters; the csv module alone
#: takes five times as many bytes to find its end.
LONGEST_FIELD = 256 << 20

#: The reason of a record that is the whole rest of its file begins so.
UNCLOSED = "record: opens a quote that is never closed"
NO_TEXT = "record: holds bytes that are not UTF-8"

_JSON_BLANKS = re.compile(r"[ \t\r\n]*")


def open_text(path: Path) -> Any:
    """Lines as they end in the file; bytes that are no UTF-8 come along as surrogates."""
    return path.open(encoding="utf-8", errors="surrogateescape", newline="")


def is_unicode(text: str) -> bool:
    """Whether a text holds characters alone, no bytes or halves of characters."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def too_long(name: str, line: int) -> UserError:
    """What to say of a record that no memory should be spent on."""
    return UserError(
        f"{name}: record {line} is longer than {LONGEST_FIELD >> 20} MiB.",
        "If it opens a quote that is never closed, close it there; nothing was loaded.",
    )


class Delimited(NamedTuple):
    """A record of delimited text; its number is 0 where it is a blank line, which is none."""

    number: int
    fields: list[str]
    text: str
    reason: str


def delimited_records(
    path: Path, dialect: Dialect, delimiter: str, columns: int, name: str
) -> Iterator[Delimited]:
    """The records of delimited text, the header being number 1; their texts are the whole file.

    Line ends may be mixed. A record that breaks the quoting or has other columns has a reason.

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
    # The limit is there against unterminated quotes, which are kept whole here.
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
            # The engine's reader passes over empty fields behind the last column, too.
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
    """An object that gives two values for one name."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    return values if len(values) == len(pairs) else Ambiguous(values)


#: Numbers keep the digits that they are written with.
DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=str
)


@dataclass(frozen=True)
class JsonRecords:
    """Where the records of a JSON text lie.

    Attributes:
        spans: Begin and end of each.
        within: Begin and end of the array that they are the elements of; None: there is none.
        path: The keys that lead to the array; none: it is the whole text.
    """

    spans: Sequence[tuple[int, int]]
    within: tuple[int, int] | None = None
    path: tuple[str, ...] = ()

    def are_lines(self, text: str) -> bool:
        """Whether the text is one object after the other, not an array or a single object."""
        return self.within is None and bool(text[self.spans[0][1] :].strip())


def json_records(text: str, wanted: Collection[str] | None, name: str) -> JsonRecords:
    """The records of a JSON text: the elements of its array, or its first value.

    The array may be wrapped, as in ``{"data": [{}, {}], "next": null}`` or, one level deeper,
    ``{"response": {"data": [{}]}}``: an object that gives none of the wanted columns, and exactly
    one list of objects.

    Args:
        text: The text.
        wanted: Columns that a record may give; None: nothing is taken for a wrapper.
        name: Name of the file in messages.

    Raises:
        json.JSONDecodeError: the text is no JSON.
        RecursionError: it is nested too deep.
        UserError: it wraps several lists of objects, or an empty list.
    """
    place = _skip(text, 0)
    if text[place : place + 1] == "[":
        spans, end = _elements(text, place)
        if _skip(text, end) != len(text):
            raise json.JSONDecodeError("Extra data", text, end)
        return JsonRecords(spans, (place, end))
    value, end = DECODER.raw_decode(text, place)
    is_alone = wanted is not None and not text[end:].strip()
    path = _path_to_records(value, wanted or (), name) if is_alone else None
    if path is None:
        return JsonRecords([(place, end)])
    for key in path:
        place = _member(text, place, key)
    spans, end = _elements(text, place)
    return JsonRecords(spans, (place, end), path)


def _path_to_records(value: Any, wanted: Collection[str], name: str) -> tuple[str, ...] | None:
    """The keys that lead to the records that an object wraps; None: it is a record itself."""
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
                "Keep the list that is meant, as an array of its own.",
            )
        if found:
            return found[0]
    if [] in (*lists.values(), *deeper.values()):
        raise UserError(f"{name} holds no records: its list is empty.", "Nothing to load.")
    return None


def _is_wrapper(value: Any, known: Collection[str]) -> bool:
    """Whether it is an object that is no record of the table, and gives each name once."""
    return (
        isinstance(value, dict)
        and not isinstance(value, Ambiguous)
        and not any(folded(key) in known for key in value)
    )


def _skip(text: str, place: int) -> int:
    match = _JSON_BLANKS.match(text, place)
    return match.end() if match else place


def _elements(text: str, place: int) -> tuple[list[tuple[int, int]], int]:
    """Begin and end of each element of the array that begins there, and where the array ends."""
    spans = []
    place = _skip(text, place + 1)
    mark = text[place : place + 1]
    while mark != "]":
        end = DECODER.raw_decode(text, place)[1]
        spans.append((place, end))
        place = _skip(text, end)
        mark = text[place : place + 1]
        if mark == ",":
            place = _skip(text, place + 1)
        elif mark != "]":
            raise json.JSONDecodeError("Expecting ',' or ']'", text, place)
    return spans, place + 1


def _member(text: str, place: int, key: str) -> int:
    """Where the value of a key begins, in the object that begins there and is known to have it."""
    given = None
    while given != key:
        given, end = DECODER.raw_decode(text, _skip(text, place + 1))
        value = _skip(text, _skip(text, end) + 1)
        place = value if given == key else _skip(text, DECODER.raw_decode(text, value)[1])
    return place
