"""Where the records of a text begin and end: each with its number and its text, nothing lost.

What becomes of a record is the business of ``records``; whoever takes records out of a file needs
the texts of the others as they stand.
"""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ltv_platform.errors import UserError
from ltv_platform.ingestion.dialects import Dialect

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


def json_records(text: str) -> Iterator[tuple[int, int]]:
    """Where each element of a top-level array lies; of anything else, where the first value.

    Raises:
        json.JSONDecodeError: the text is no JSON.
        RecursionError: it is nested too deep.
    """

    def skip(place: int) -> int:
        match = _JSON_BLANKS.match(text, place)
        return match.end() if match else place

    place = skip(0)
    if text[place : place + 1] != "[":
        yield place, DECODER.raw_decode(text, place)[1]
        return
    place = skip(place + 1)
    mark = text[place : place + 1]
    while mark != "]":
        end = DECODER.raw_decode(text, place)[1]
        yield place, end
        place = skip(end)
        mark = text[place : place + 1]
        if mark == ",":
            place = skip(place + 1)
        elif mark != "]":
            raise json.JSONDecodeError("Expecting ',' or ']'", text, place)
    if skip(place + 1) != len(text):
        raise json.JSONDecodeError("Extra data", text, place + 1)
