"""What a body may be: docs/events.md, "What to send"."""

import gzip
import json
import zlib

import pytest

from ltv_platform.events.bodies import MOST_BYTES, MalformedError, TooLargeError, inflated, rows_of

A, B = {"a": 1}, {"a": 2}
PRETTY = json.dumps(A, indent=2).encode()


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b'{"a":1}', [A]),
        (b'{"a":1}\n{"a":2}', [A, B]),
        (b'{"a":1}\r\n\r\n{"a":2}\r\n', [A, B]),
        (b'\xef\xbb\xbf{"a":1}\n  \n{"a":2}\n\n', [A, B]),
        (PRETTY, [A]),
        (b"\n " + PRETTY + b"\n" + PRETTY + b"\n", [A, A]),
        (b'{"a":1}{"a":2}', [A, B]),
        (b'[{"a":1},{"a":2}]', [A, B]),
        (b'[\n{"a":1}\n,\r\n{\n"a":2}]\n', [A, B]),
        (b"{}", [{}]),
    ],
)
def test_rows_come_in_many_forms(body: bytes, rows: list[object]) -> None:
    """Each row is one line in the segment, however it was posted."""
    posted = rows_of(body)
    assert posted.rows == rows
    assert [json.loads(text) for text in posted.texts] == rows
    assert not any(b"\n" in text or b"\r" in text for text in posted.texts)


@pytest.mark.parametrize("number", ["12345678901234567890.123456", "1.10", "1e-3", "-0"])
def test_numbers_keep_their_digits(number: str) -> None:
    """Money is decimal: a double would lose digits."""
    for body in (f'{{"a":{number}}}', f'[{{"a":{number}}}]', f'{{"a":\n{number}}}'):
        assert number in rows_of(body.encode()).texts[0].decode()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b" \n\r\n", "empty"),
        (b"[]", "no rows"),
        (b"1", "Row 1 is not a JSON object"),
        (b'{"a":1}\n[1]', "Row 2 is not a JSON object"),
        (b'[{"a":1},2]', "Row 2 is not a JSON object"),
        (b'{"a":1}\n{"a":}\n', "line 2, column 6"),
        (b'{"a":1}\n\n{"a"', "line 3"),
        (b'{\n"a":1,\n"b":}', "line 3, column 5"),
        (b'[{"a":1},\n{"a":x}]', "line 2, column 6"),
        (b'{"a":NaN}', "line 1, column 6"),
        (b'{"a":Infinity}', "line 1"),
        (b'{"a":1e999}', "line 1"),
        (b'{"a":"\xff"}', "line 1"),
        (b'{"a":1}\n{"a":"\xff"}', "line 2"),
        (b'{"a":"\\ud800"}', "line 1"),
        (b'{"a":"\0"}', "line 1"),
        (b'{"a":1}\n{"a":"\r"}', "line 2"),
        (b'{"a":' * 5_000, "deep|line 1"),
        (b"[" * 5_000, "deep|line 1"),
        (b'{"a":' + b"[" * 200 + b"]" * 200 + b"}", "Row 1 is nested more than"),
        (b'{"a":1},{"b":2}\n{"c":[{}\n{}]}', "line 1"),
    ],
)
def test_anything_else_is_refused_whole(body: bytes, says: str) -> None:
    """The message has the position; nothing of the body is stored."""
    with pytest.raises(MalformedError, match=says):
        rows_of(body)


@pytest.mark.parametrize("body", [b"{}\n" * 100_001, b"[" + b"{}," * 100_000 + b"{}]"])
def test_too_many_rows_are_refused(body: bytes) -> None:
    """Millions of empty rows would take a hundred times the memory of their bytes."""
    with pytest.raises(TooLargeError, match="more than 100,000 rows"):
        rows_of(body)


def test_gzip_is_inflated() -> None:
    """Also if it consists of several streams, as `cat a.gz b.gz` makes it."""
    assert inflated(gzip.compress(b'{"a":1}\n') + gzip.compress(b'{"a":2}')) == b'{"a":1}\n{"a":2}'


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (gzip.compress(bytes(MOST_BYTES + 1)), TooLargeError),
        (gzip.compress(bytes(MOST_BYTES)) + gzip.compress(b"1"), TooLargeError),
        (gzip.compress(b"1" * 1000)[:-9], MalformedError),
        (gzip.compress(b"1") + b"?", MalformedError),
        (gzip.compress(b"") * 1_000_000, MalformedError),
        (zlib.compress(b"1"), MalformedError),
        (b'{"a":1}', MalformedError),
    ],
    ids=["bomb", "two", "truncated", "trailing", "a million streams", "zlib", "plain"],
)
def test_bad_gzip_is_refused(body: bytes, error: type[Exception]) -> None:
    """A bomb is not decompressed further than the limit of a body."""
    with pytest.raises(error):
        inflated(body)
