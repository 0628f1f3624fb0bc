"""Names that are paths: of pipes, sources, pages, tables, static files; plain and encoded."""

from collections.abc import Iterator
from pathlib import Path

from ltv_platform_tests.serving.hostile.inputs.model import (
    INJECTED,
    Hostile,
    Verdict,
    encoded,
    get,
    request,
)

_EVENT = b'{"customer_id": "hostile"}'


def _paths(canary: Path) -> tuple[str, ...]:
    secret = canary / "secret"
    return (
        f"../../../../../../../..{secret}",
        f"..%2f..%2f..%2f..%2f..%2f..%2f..%2f..{encoded(str(secret))}",
        f"..%252f..%252f..%252f..%252f..%252f{encoded(encoded(str(secret)))}",
        f"..%5c..%5c..%5c..{secret}",
        f"%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e{secret}",
        "..%c0%af..%c0%af..%c0%afetc/passwd",
        "....//....//....//etc/passwd",
        f"/{secret}",
        f"file:%2f%2f{secret}",
        "..%00/customer_ltv",
        "customer_ltv%00",
        "customer_ltv%0d%0aX-Injected:%20yes",
        ".",
        "..",
        "~root",
        "%",
        "%zz",
        "%ff%fe",
        "%ed%a0%80",
        "con",
        "customer_ltv/../../../tokens",
        "__class__",
        "a" * 5_000,
        "\u202ecustomer_ltv",
    )


def of_paths(canary: Path) -> Iterator[Hostile]:
    """Path traversal where a name is expected."""
    for name in _paths(canary):
        shown = name[:60]
        yield get(f"/v0/pipes/{name}.json", f"pipe {shown}")
        yield get(f"/static/{name}.txt", f"static file {shown}")
        yield get(f"/metrics/{name}", f"metric {shown}")
        yield Hostile(
            f"source {shown}",
            lambda name=name: (  # type: ignore[misc]
                request(f"/v0/events?name={name}", method="POST", body=_EVENT),
            ),
        )
    for extension in (".exe", ".json.json", ".html", ".json/", ".json%00", ".JSON", ".xml"):
        yield get(f"/v0/pipes/customer_ltv{extension}", f"format {extension!r}")


def of_bytes() -> Iterator[Hostile]:
    """NUL, line breaks, and bytes that are not UTF-8: in paths, values and headers."""
    pipe = "/v0/pipes/customer_ltv.json"
    yield get(f"{pipe}?country=%00", "a NUL as a value")
    yield get(f"{pipe}?country=US%00DE", "a NUL in a value")
    yield get(f"{pipe}?limit=1%00", "a NUL in a number")
    yield get("/campaigns?campaign=a%00b", "a NUL in a filter of a page")
    yield get(f"{pipe}?country=%ff%fe", "bytes that are not UTF-8")
    yield get(f"{pipe}?country=%c0%ae%c0%ae", "overlong UTF-8")
    yield get(f"{pipe}?country=%ed%a0%80", "half a surrogate pair")
    yield get(f"{pipe}?country=%f8%88%80%80%80", "UTF-8 of five bytes")
    yield get(f"{pipe}?country=%e2%82", "truncated UTF-8")
    yield get("/campaigns?campaign=%ff%fe", "a page: bytes that are not UTF-8", Verdict.PAGE)
    line_break = "%0d%0a"
    for what, target, verdict in (
        ("a value", f"{pipe}?country=US{line_break}{INJECTED}:%20yes", Verdict.EMPTY),
        ("a name", f"{pipe}?a{line_break}{INJECTED}:%20yes=1", Verdict.EMPTY),
        (
            "a path",
            f"/v0/pipes/a{line_break}{INJECTED}:%20yes{line_break}{line_break}<b>.json",
            Verdict.EMPTY,
        ),
        ("a table", f"/campaigns.csv?table=a{line_break}{INJECTED}:%20yes", Verdict.EMPTY),
        ("where to go", f"/sign-in?to=/a{line_break}{INJECTED}:%20yes", Verdict.ALLOWED),
        ("a token", f"{pipe}?token=a{line_break}{INJECTED}:%20yes", Verdict.ALLOWED),
    ):
        yield get(target, f"a line break in {what}", verdict)
    raw = (
        ("a NUL in the path", request(b"/v0/pipes/a\0b.json")),
        ("bytes over 127 in the path", request(b"/v0/pipes/\xff\xfe.json")),
        ("a tab in the path", request(b"/v0/pipes/a\tb.json")),
        ("a space in the path", request(b"/v0/pipes/a b.json")),
        ("a NUL in a header", request(pipe, headers={"X-A": b"a\0b"})),
        ("a bare line break in a header", request(pipe, headers={"X-A": b"a\nX-B: b"})),
        ("a bare carriage return", request(pipe, headers={"X-A": b"a\rX-B: b"})),
        ("a continued header", request(pipe, headers={"X-A": b"a\r\n b"})),
        ("a header without a name", request(pipe, headers={"": "a"})),
        ("a space before the colon", request(pipe, headers={"X-A ": "a"})),
        ("bytes over 127 in a header", request(pipe, headers={"X-A": b"\xff\xfe"})),
        ("bytes over 127 in a token", request(pipe, headers={"Authorization": b"Bearer \xff"})),
        ("a cookie of bytes", request(pipe, headers={"Cookie": b"ltv_token=\xff\xfe;;=;\x01"})),
    )
    for what, sent in raw:
        yield Hostile(what, lambda sent=sent: (sent,), Verdict.ALLOWED)  # type: ignore[misc]
