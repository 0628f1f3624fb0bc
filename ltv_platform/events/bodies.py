"""Splits what was posted into rows: an object, several, one per line, or an array of them.

The text of each row is kept as it was posted, in one line: numbers keep their digits. Every body is
taken whole or refused whole, with the position of what is wrong.
"""

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ltv_platform.errors import UserError
from ltv_platform.ingestion.reading.record_texts import DECODER

#: Bytes of a body, after decompression.
MOST_BYTES = 10 << 20
#: Rows of a body, which take memory of their own however short they are.
MOST_ROWS = 100_000
#: Levels of nesting of a row; ingestion reads deeper ones only by chance.
_DEEPEST = 64
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
#: Lets zlib expect the header of gzip.
_GZIP = 31
#: A gzip file may consist of several streams; taking in a million empty ones would take minutes.
_MOST_MEMBERS = 100
#: Line ends within a row lie between its values: text in JSON has them escaped.
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")

Row = dict[str, Any]


class MalformedError(UserError):
    """A body that is not JSON rows; nothing of it is stored."""


class TooLargeError(UserError):
    """A body with too many bytes; nothing of it is stored."""


@dataclass(frozen=True)
class Posted:
    """The rows of a body.

    Attributes:
        texts: The JSON text of each, without line ends.
        rows: Their values.
    """

    texts: Sequence[bytes]
    rows: Sequence[Row]


def inflated(body: bytes) -> bytes:
    """A body without its gzip compression.

    Raises:
        TooLargeError: it is larger than :data:`MOST_BYTES`; only so much is decompressed.
        MalformedError: it is not gzip, or truncated.
    """
    parts: list[bytes] = []
    size = 0
    try:
        while body:
            if len(parts) == _MOST_MEMBERS:
                raise MalformedError(
                    f"The body consists of more than {_MOST_MEMBERS} gzip streams.",
                    "Compress it as one; nothing of it was stored.",
                )
            stream = zlib.decompressobj(_GZIP)
            parts.append(stream.decompress(body, MOST_BYTES + 1 - size))
            size += len(parts[-1])
            if size > MOST_BYTES:
                raise too_large()
            if not stream.eof:
                raise MalformedError(
                    "The body is truncated gzip.", "Send it again; nothing of it was stored."
                )
            body = stream.unused_data
    except zlib.error as error:
        raise MalformedError(
            f"The body is not gzip ({error}).",
            "Compress it, or leave out Content-Encoding; nothing of it was stored.",
        ) from error
    return b"".join(parts)


def too_large() -> TooLargeError:
    """The error for a body with too many bytes."""
    return TooLargeError(
        f"The body has more than {MOST_BYTES >> 20} MiB (after decompression).",
        "Send it in several requests; nothing of it was stored.",
    )


def rows_of(body: bytes) -> Posted:
    """The rows of a body.

    Raises:
        TooLargeError: it has more than :data:`MOST_ROWS` rows.
        MalformedError: it is not JSON or has no rows, or one of them is not an object or is nested
            too deep.
    """
    if body.count(b"{") > MOST_ROWS:
        raise TooLargeError(
            f"The body has more than {MOST_ROWS:,} rows.",
            "Send it in several requests; nothing of it was stored.",
        )
    body = body.removeprefix(_BYTE_ORDER_MARK)
    lines = [line for line in body.split(b"\n") if line and not line.isspace()]
    if not lines:
        raise MalformedError("The body is empty.", "Send one JSON object per row.")
    try:
        rows = list(map(orjson.loads, lines))
    except orjson.JSONDecodeError:
        return _of_sequence(body)
    if len(rows) == 1 and isinstance(rows[0], list):
        return _of_array(body)
    return _checked(body, lines, rows)


def _checked(body: bytes, texts: list[bytes], rows: list[Any]) -> Posted:
    if set(map(type, rows)) != {dict}:
        number = next(number for number, row in enumerate(rows, 1) if type(row) is not dict)
        raise MalformedError(
            f"Row {number} is not a JSON object.",
            "Send each row as an object with the columns as names; nothing was stored.",
        )
    if b"[" in body or body.count(b"{") > len(rows):
        for number, row in enumerate(rows, 1):
            if _is_deep(row):
                raise MalformedError(
                    f"Row {number} is nested more than {_DEEPEST} levels deep.",
                    "Send single values; nothing was stored.",
                )
    if b"\r" in body or b"\n" in texts[0]:
        texts = [text.translate(_ONE_LINE) for text in texts]
    return Posted(texts, rows)


def _of_sequence(body: bytes) -> Posted:
    """Rows of several lines each, one after another."""
    if body.lstrip()[:1] == b"[":
        return _of_array(body)
    try:
        return _checked(body, [body.strip()], [orjson.loads(body)])
    except orjson.JSONDecodeError as error:
        if _first_line_is_complete(body):
            raise _malformed(*_where_in_lines(body)) from error
    text = _text(body)
    return _of_spans(body, text, _objects(text))


def _of_array(body: bytes) -> Posted:
    try:
        rows = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _malformed(error.msg, error.lineno, error.colno) from error
    if not rows:
        raise MalformedError("The array has no rows.", "Send one JSON object per row.")
    text = _text(body)
    return _of_spans(body, text, _elements(text))


def _of_spans(body: bytes, text: str, spans: Iterator[tuple[int, int]]) -> Posted:
    texts, rows = [], []
    try:
        for start, end in spans:
            part = text[start:end].encode()
            rows.append(orjson.loads(part))
            texts.append(part.translate(_ONE_LINE))
    except orjson.JSONDecodeError as error:
        before = text[:start].count("\n")
        raise _malformed(error.msg, before + error.lineno, error.colno) from error
    except json.JSONDecodeError as error:
        raise _malformed(error.msg, error.lineno, error.colno) from error
    except RecursionError as error:
        raise MalformedError(
            f"A row is nested more than {_DEEPEST} levels deep.",
            "Send single values; nothing was stored.",
        ) from error
    return _checked(body, texts, rows)


def _objects(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each value of a series."""
    position, end = 0, len(text)
    while True:
        while position < end and text[position] in " \t\r\n":
            position += 1
        if position == end:
            return
        start = position
        position = DECODER.raw_decode(text, start)[1]
        yield start, position


def _elements(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each element of an array that is valid."""
    position = text.index("[") + 1
    while True:
        while text[position] in " \t\r\n,":
            position += 1
        if text[position] == "]":
            return
        start = position
        position = DECODER.raw_decode(text, start)[1]
        yield start, position


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        column = error.start - body.rfind(b"\n", 0, error.start)
        raise _malformed("bytes that are not UTF-8", line, column) from error


def _first_line_is_complete(body: bytes) -> bool:
    first = next(line for line in body.split(b"\n") if line and not line.isspace())
    try:
        return isinstance(orjson.loads(first), dict)
    except orjson.JSONDecodeError:
        return False


def _where_in_lines(body: bytes) -> tuple[str, int, int]:
    """What is wrong with the first bad line, and the line and column."""
    for number, line in enumerate(body.split(b"\n"), 1):
        try:
            if line and not line.isspace():
                orjson.loads(line)
        except orjson.JSONDecodeError as error:
            return error.msg, number, error.colno
    raise AssertionError("one of the lines is malformed")


def _malformed(what: str, line: int, column: int) -> MalformedError:
    return MalformedError(
        f"The body is not valid JSON at line {line}, column {column}: {what}.",
        "Send one JSON object per row; nothing of the body was stored.",
    )


def _is_deep(row: Row) -> bool:
    level: list[Any] = [row]
    for _ in range(_DEEPEST):
        level = [
            item
            for value in level
            for item in (value.values() if isinstance(value, dict) else value)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True
