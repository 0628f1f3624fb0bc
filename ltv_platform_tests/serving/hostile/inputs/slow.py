"""Clients that take their time, or leave: slow headers, slow bodies, half-closed connections."""

from collections.abc import Iterator

from ltv_platform_tests.serving.hostile.inputs.model import Hostile, Verdict, request

_EVENTS = "/v0/events?name=customers"
_ROW = b'{"customer_id": "hostile"}'
_CHUNKED = {"Transfer-Encoding": "chunked"}
#: Parts that a client goes on to send if nobody stops it.
_WITHOUT_END = 1_000


def of_slow_clients() -> Iterator[Hostile]:
    """One part each half second."""

    def headers() -> Iterator[bytes]:
        yield b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        yield from (b"X-%d: a\r\n" % number for number in range(_WITHOUT_END))

    def letters() -> Iterator[bytes]:
        yield from (b"G" for _ in range(_WITHOUT_END))

    def body() -> Iterator[bytes]:
        yield request(_EVENTS, method="POST", length=_WITHOUT_END)
        yield from (b" " for _ in range(_WITHOUT_END))

    def chunks() -> Iterator[bytes]:
        yield request(_EVENTS, method="POST", headers=_CHUNKED)
        yield from (b"1\r\n \r\n" for _ in range(_WITHOUT_END))

    def elsewhere() -> Iterator[bytes]:
        yield request("/nowhere", method="POST", length=_WITHOUT_END)
        yield from (b" " for _ in range(_WITHOUT_END))

    for what, parts in (
        ("headers", headers),
        ("a first line", letters),
        ("a body", body),
        ("chunks", chunks),
        ("a body that nobody wants", elsewhere),
    ):
        yield Hostile(f"slow: {what}", parts, Verdict.CLOSED, pause=0.5)

    silent = {
        "nothing at all": b"",
        "half a first line": b"GET /heal",
        "half of the headers": b"GET /healthz HTTP/1.1\r\nHost: 127",
        "no body": request(_EVENTS, method="POST", length=100),
        "half a body": request(_EVENTS, method="POST", length=100, body=_ROW),
        "no chunk": request(_EVENTS, method="POST", headers=_CHUNKED),
        "half a chunk": request(_EVENTS, method="POST", headers=_CHUNKED) + b"10\r\n{",
    }
    for what, sent in silent.items():
        yield Hostile(f"silent after {what}", lambda sent=sent: (sent,), Verdict.CLOSED)  # type: ignore[misc]


def of_leaving_clients() -> Iterator[Hostile]:
    """They close their half of the connection in the middle of a request."""
    parts = {
        "half a first line": b"GET /heal",
        "half of the headers": b"GET /healthz HTTP/1.1\r\nHost: 127",
        "no body": request(_EVENTS, method="POST", length=100),
        "half a body": request(_EVENTS, method="POST", length=100, body=_ROW),
        "half a chunk": request(_EVENTS, method="POST", headers=_CHUNKED) + b"10\r\n{",
        "no last chunk": request(_EVENTS, method="POST", headers=_CHUNKED) + b"2\r\n{}\r\n",
    }
    for what, sent in parts.items():
        yield Hostile(
            f"leaves after {what}",
            lambda sent=sent: (sent,),  # type: ignore[misc]
            Verdict.CLOSED,
            half_close=True,
        )
