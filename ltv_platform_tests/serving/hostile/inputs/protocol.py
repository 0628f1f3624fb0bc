"""What is not HTTP, or is it in two ways: smuggling, methods, headers, upgrades, hosts, origins."""

from collections.abc import Iterator

from ltv_platform_tests.serving.hostile.inputs.model import Hostile, Verdict, request

_PIPE = "/v0/pipes/customer_ltv.json"
_EVENTS = "/v0/events?name=customers"
#: A request that must not be seen: it would be answered with 200.
_HIDDEN = request("/healthz?hidden")


def _raw(what: str, sent: bytes, verdict: Verdict = Verdict.CLOSED) -> Hostile:
    return Hostile(what, lambda: (sent,), verdict, half_close=True)


def of_smuggling() -> Iterator[Hostile]:
    """Two requests for one server, one for another; nothing may follow the first answer."""

    def post(headers: list[tuple[str, str]], body: bytes) -> bytes:
        return request(_EVENTS, method="POST", headers=headers, body=body, length=-1)

    length, chunked = ("Content-Length", "4"), ("Transfer-Encoding", "chunked")
    chunks = b"0\r\n\r\n" + _HIDDEN
    shapes = {
        "length, then chunked": post([length, chunked], chunks),
        "chunked, then length": post([chunked, length], chunks),
        "two lengths": post([length, ("Content-Length", str(len(_HIDDEN)))], _HIDDEN),
        "two lengths in one header": post([("Content-Length", "4, 9")], _HIDDEN),
        "a length with a sign": post([("Content-Length", "+4")], b"{}\n\n" + _HIDDEN),
        "a negative length": post([("Content-Length", "-1")], _HIDDEN),
        "a length of letters": post([("Content-Length", "0x4")], b"{}\n\n" + _HIDDEN),
        "a huge length": post([("Content-Length", "9" * 40)], _HIDDEN),
        "a length with a space": post([("Content-Length", "1 4")], _HIDDEN),
        "xchunked": post([("Transfer-Encoding", "xchunked")], chunks),
        "chunked, identity": post([("Transfer-Encoding", "chunked, identity")], chunks),
        "chunked twice": post([chunked, chunked], chunks),
        "identity": post([("Transfer-Encoding", "identity"), length], chunks),
        "a tab before chunked": post([("Transfer-Encoding", "\tchunked"), length], chunks),
        "a space before the colon": post([("Transfer-Encoding ", "chunked"), length], chunks),
        "a chunk of a negative size": post([chunked], b"-1\r\n" + _HIDDEN),
        "a chunk of letters": post([chunked], b"zz\r\n" + _HIDDEN),
        "a chunk of a huge size": post([chunked], b"f" * 20 + b"\r\n" + _HIDDEN),
        "a chunk that is longer than its size": post([chunked], b"1\r\nabc\r\n0\r\n\r\n"),
        "a chunk with a long extension": post([chunked], b"1;" + b"a" * 100_000 + b"\r\n{\r\n"),
        "bare line breaks": b"GET / HTTP/1.1\nHost: 127.0.0.1\n\n" + b"\n" + _HIDDEN,
    }
    for what, sent in shapes.items():
        yield Hostile(
            f"smuggling: {what}",
            lambda sent=sent: (sent,),  # type: ignore[misc]
            Verdict.CLOSED,
            half_close=True,
            to_the_end=True,
        )


def of_lines() -> Iterator[Hostile]:
    """First lines that are not HTTP/1.1, and upgrades to something else."""
    end = b"\r\nHost: 127.0.0.1\r\n\r\n"
    lines = {
        "nothing": b"",
        "a line break": b"\r\n",
        "noise": bytes(range(256)) * 8,
        "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,
        "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
        "a redis command": b"*1\r\n$8\r\nFLUSHALL\r\n",
        "PROXY": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + _HIDDEN,
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0",
        "HTTP/0.9": b"GET /healthz\r\n",
        "HTTP/9.9": b"GET /healthz HTTP/9.9" + end,
        "no version": b"GET /nowhere" + end,
        "no path": b"GET  HTTP/1.1" + end,
        "CONNECT": b"CONNECT evil.example:443 HTTP/1.1" + end,
        "a path without a slash": b"GET healthz HTTP/1.1" + end,
        "a script as the method": b"<script>alert(1)</script> / HTTP/1.1" + end,
        "a method of 10,000 letters": b"A" * 10_000 + b" / HTTP/1.1" + end,
    }
    for what, sent in lines.items():
        yield _raw(f"first line: {what}", sent)
    yield _raw("OPTIONS *", b"OPTIONS * HTTP/1.1" + end)
    absolute = b"GET http://evil.example/v0/pipes HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    yield _raw("an absolute address of another host", absolute)
    socket = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    for path in ("/nowhere", "/mcp", "/v0/events"):
        yield _raw(f"a websocket to {path}", request(path, headers=socket))
    clear = {
        "Connection": "Upgrade, HTTP2-Settings",
        "Upgrade": "h2c",
        "HTTP2-Settings": "AAMAAABk",
    }
    yield _raw("HTTP/2 in clear text", request("/nowhere", headers=clear))


def of_methods() -> Iterator[Hostile]:
    """Methods that a route does not have, and some that nobody has."""
    for method in ("DELETE", "PUT", "PATCH", "TRACE", "PROPFIND", "LOCK", "SEARCH", "get", "HACK"):
        for path in ("/healthz", _PIPE, "/"):
            yield _raw(f"{method} {path}", request(path, method=method))
    yield _raw("GET /v0/events", request(_EVENTS))
    override = {"X-HTTP-Method-Override": "DELETE"}
    yield _raw("a method in a header", request(_PIPE, headers=override), Verdict.ALLOWED)


def of_sizes() -> Iterator[Hostile]:
    """Addresses and headers that are longer than anybody needs."""
    yield _raw("an address of 60 KB", request("/?" + "a" * 60_000))
    yield _raw("an address of 10 MB", request("/?" + "a" * 10_000_000))
    yield _raw("a path of 9 KB", request("/" + "a/" * 4_500))
    yield _raw("a header of 100 KB", request(_PIPE, headers={"X-A": "a" * 100_000}))
    yield _raw("a header of 20 MB", request(_PIPE, headers={"X-A": "a" * 20_000_000}))
    yield _raw("a header name of 100 KB", request(_PIPE, headers={"a" * 100_000: "a"}))
    many = [(f"X-{number}", "a") for number in range(100_000)]
    yield _raw("100,000 headers", request(_PIPE, headers=many))
    cookies = {"Cookie": "; ".join(f"c{number}=1" for number in range(100_000))}
    yield _raw("100,000 cookies", request(_PIPE, headers=cookies))
    some = {"Cookie": "; ".join(f"c{number}=" + '"' * 9 for number in range(3_000))}
    yield _raw("3,000 odd cookies", request("/nowhere", headers=some))
    ranges = {"Range": "bytes=" + ",".join(f"{n}-" for n in range(5_000))}
    yield _raw("5,000 ranges", request("/static/pages.css", headers=ranges), Verdict.ALLOWED)
    languages = {"Accept": ",".join("a/b;q=0.1" for _ in range(5_000))}
    yield _raw("5,000 types to accept", request(_PIPE, headers=languages), Verdict.ALLOWED)


def of_browsers() -> Iterator[Hostile]:
    """Requests that a page of another site makes a browser send."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    row = b'{"customer_id": "hostile", "registration_date": "2026-01-01"}'
    hosts = (
        "evil.example",
        "evil.example:8123",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        "127.0.0.1:80@evil.example",
        "10.0.0.1",
        "[::ffff:8.8.8.8]",
        "[",
        "127.0.0.1, evil.example",
        "<script>alert(1)</script>",
    )
    for host in hosts:
        yield _raw(f"Host: {host}", request("/healthz", headers={"Host": host}))
        yield _raw(f"Host of a page: {host}", request("/", headers={"Host": host}))
    two = [("Host", "127.0.0.1"), ("Host", "evil.example")]
    yield _raw("two hosts", request("/healthz", headers=two))
    origins: tuple[dict[str, str], ...] = (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    )
    for origin in origins:
        shown = " ".join(origin.values())
        for path in (_EVENTS, "/sign-in", "/mcp"):
            sent = request(path, method="POST", headers={**origin, **form}, body=row)
            yield _raw(f"{path} from {shown}", sent)
        if origin.get("Sec-Fetch-Mode") != "navigate":
            yield _raw(f"a figure for {shown}", request(_PIPE, headers=origin))
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    yield _raw("CORS", request(_EVENTS, method="OPTIONS", headers=asked))
