"""Bodies: too large, compressed to nothing, not JSON, nested without end, of another type."""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping

from ltv_platform_tests.serving.hostile.inputs.model import Hostile, Verdict, request

_MIB = 1 << 20
_EVENTS = "/v0/events?name=customers&wait=true"
_PIPE = "/v0/pipes/customer_ltv.json"
_JSON = {"Content-Type": "application/json"}
_GZIP = {"Content-Encoding": "gzip"}


def _post(
    what: str,
    body: bytes,
    target: str = _EVENTS,
    verdict: Verdict = Verdict.REFUSED,
    headers: Mapping[str, str] = _JSON,
) -> Hostile:
    sent = request(target, method="POST", headers=headers, body=body)
    return Hostile(what, lambda: (sent,), verdict)


def of_sizes() -> Iterator[Hostile]:
    """50 MB, declared or not, to every route that takes a body."""

    def large(target: str) -> Iterator[bytes]:
        yield request(target, method="POST", headers=_JSON, length=50 * _MIB)
        for _ in range(50):
            yield b"x" * _MIB

    def chunked(target: str) -> Iterator[bytes]:
        headers = {"Transfer-Encoding": "chunked"}
        yield request(target, method="POST", headers=headers)
        for _ in range(50):
            yield b"%x\r\n" % _MIB + b"x" * _MIB + b"\r\n"
        yield b"0\r\n\r\n"

    for target in (_EVENTS, _PIPE, "/sign-in", "/mcp", "/nowhere", "/"):
        yield Hostile(f"50 MB to {target}", lambda t=target: large(t), Verdict.CLOSED)  # type: ignore[misc]
        yield Hostile(f"50 MB in chunks to {target}", lambda t=target: chunked(t), Verdict.CLOSED)  # type: ignore[misc]
    yield Hostile(
        "a body of 2**63 bytes",
        lambda: (request(_EVENTS, method="POST", length=2**63, body=b"{}"),),
        Verdict.CLOSED,
    )
    yield Hostile(
        "200,000 rows of nothing",
        lambda: (request(_EVENTS, method="POST", body=b"{}\n" * 200_000 + b"x"),),
    )


def _bomb(mebibytes: int) -> bytes:
    """Gzip of so many zeros: after a full flush, the same bytes repeat."""
    squeeze, zeros = zlib.compressobj(9, zlib.DEFLATED, 31), b"\0" * _MIB
    first, other = (squeeze.compress(zeros) + squeeze.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + other * (mebibytes - 1) + squeeze.flush()


def of_compression() -> Iterator[Hostile]:
    """Gzip that explodes, ends early, or is none."""
    row = gzip.compress(b'{"customer_id": "hostile"}')
    yield _post("a gzip bomb of 1 GB", _bomb(1024), headers=_GZIP)
    yield _post("a gzip bomb in a gzip bomb", gzip.compress(_bomb(1024)), headers=_GZIP)
    yield _post("100,000 gzip streams", gzip.compress(b"") * 100_000, headers=_GZIP)
    yield _post("a gzip bomb to a pipe", _bomb(256), _PIPE, headers=_GZIP)
    yield _post("truncated gzip", row[:-9], headers=_GZIP)
    yield _post("only the header of gzip", row[:10], headers=_GZIP)
    yield _post("gzip with a wrong checksum", row[:-8] + b"\0" * 8, headers=_GZIP)
    yield _post("gzip and something after it", row + b"{}", headers=_GZIP)
    yield _post("not gzip", b'{"customer_id": "hostile"}', headers=_GZIP)
    yield _post("an empty body as gzip", b"", headers={**_GZIP, "Content-Length": "0"})
    for name in ("br", "deflate", "zstd", "gzip, gzip", "nonsense"):
        yield _post(f"compressed as {name}", row, headers={"Content-Encoding": name})


def of_json() -> Iterator[Hostile]:
    """Texts that are not JSON, and JSON that is not rows."""
    bodies = {
        "nothing": b"",
        "only spaces": b" \n\t \n",
        "a NUL": b"\0",
        "half an object": b'{"customer_id": "a"',
        "a number": b"1",
        "a text": b'"a"',
        "null": b"null",
        "an empty array": b"[]",
        "an array of arrays": b"[[1]]",
        "an array of null": b"[null]",
        "100,000 brackets": b"[" * 100_000,
        "100,000 braces": b'{"a":' * 100_000,
        "100,000 complete brackets": b"[" * 100_000 + b"]" * 100_000,
        "a row 10,000 levels deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        "invalid UTF-8": b'{"customer_id": "\xff\xfe"}',
        "overlong UTF-8": b'{"customer_id": "\xc0\xae"}',
        "half a surrogate pair": b'{"customer_id": "\xed\xa0\x80"}',
        "NaN": b'{"age": NaN}',
        "Infinity": b'{"age": -Infinity}',
        "single quotes": b"{'customer_id': 'a'}",
        "a comment": b'{"customer_id": "a"} // or 1=1',
        "a comma too many": b'{"customer_id": "a",}',
        "a control character": b'{"customer_id": "a\x01b"}',
        "UTF-16": '{"customer_id": "a"}'.encode("utf-16"),
        "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>&b;',
        "a form": b"customer_id=a",
        "a pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x8c\x06system\x93.",
        "one bad line of three": b'{"customer_id": "a"}\nx\n{"customer_id": "b"}\n',
    }
    for what, body in bodies.items():
        sent = request(_EVENTS, method="POST", headers=_JSON, body=body, length=len(body))
        yield Hostile(f"events: {what}", lambda sent=sent: (sent,))  # type: ignore[misc]
    questions = {
        "an array": b"[]",
        "a text": b'"a"',
        "not JSON": b"{",
        "deep": b'{"country":' * 5_000 + b"1" + b"}" * 5_000,
        "a nested value": b'{"country": {"$gt": ""}}',
        "a list of numbers as a limit": b'{"limit": [1, 2]}',
        "a huge number": b'{"limit": 1e999}',
        "many digits": b'{"limit": ' + b"9" * 10_000 + b"}",
        "NaN": b'{"limit": NaN}',
        "nothing as a limit": b'{"limit": null}',
        "invalid UTF-8": b'{"country": "\xff"}',
        "a NUL": b'{"country": "a\\u0000b"}',
        "half a surrogate pair": b'{"country": "\\ud800"}',
        "SQL": b'{"q": "SELECT 1"}',
        "10,000 parameters": json.dumps({f"p{n}": "1" for n in range(10_000)}).encode(),
    }
    for what, body in questions.items():
        yield _post(f"a question: {what}", body, _PIPE)


def of_rows() -> Iterator[Hostile]:
    """Rows that are JSON but break the contract: quarantined, or the body is refused."""
    amount = (
        b'{"transaction_id": "hostile", "customer_id": "hostile", '
        b'"transaction_date": "2026-01-01", "amount": %s}'
    )
    amounts = {
        "a number of 4,000 digits": b"9" * 4_000,
        "1e999": b"1e999",
        "a nested value": b'{"$gt": ""}',
        "a list": b"[1]",
        "a flag": b"true",
        "SQL": b'"\'; DROP TABLE customers; --"',
        "a formula": b'"=1+1"',
        "NaN as a text": b'"NaN"',
        "Infinity as a text": b'"Infinity"',
    }
    for what, value in amounts.items():
        yield _post(
            f"an amount: {what}",
            amount % value,
            "/v0/events?name=transactions&wait=true",
            Verdict.QUARANTINED,
        )
    rows = {
        "the year 0": b'{"customer_id": "hostile", "registration_date": "0000-01-01"}',
        "the year 99999": b'{"customer_id": "hostile", "registration_date": "99999-01-01"}',
        "30 February": b'{"customer_id": "hostile", "registration_date": "2026-02-30"}',
        "an id of 1 MB": b'{"customer_id": "' + b"a" * _MIB + b'"}',
        "half a surrogate pair": b'{"customer_id": "\\ud800", "registration_date": "2026-01-01"}',
        "10,000 columns": json.dumps({f"c{n}": n for n in range(10_000)}).encode(),
        "the same column twice": b'{"customer_id": "a", "customer_id": "b"}',
        "a column called __proto__": b'{"__proto__": {"customer_id": "a"}}',
        "an empty row": b"{}",
    }
    for what, body in rows.items():
        yield _post(f"a row: {what}", body, verdict=Verdict.QUARANTINED)


def of_types() -> Iterator[Hostile]:
    """Bodies of another type than they say, or than anybody wants."""
    row = b'{"country": "US"}'
    for name in (
        "multipart/form-data",
        "multipart/form-data; boundary=" + "x" * 5_000,
        "text/html",
        "application/xml",
        "application/x-python-pickle",
        "application/json; charset=utf-16",
        "nonsense",
        "/;;;",
        "a" * 5_000,
    ):
        shown = name[:40]
        yield _post(f"a question as {shown}", row, _PIPE, Verdict.ALLOWED, {"Content-Type": name})
        yield _post(f"a sign-in as {shown}", row, "/sign-in", headers={"Content-Type": name})
