"""A row of the table of hostile inputs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

#: What an attacker's own header would be called.
INJECTED = "x-injected"
HOST = "127.0.0.1"


class Verdict(StrEnum):
    """What may come back."""

    #: A status of 4xx, or 501, with a message.
    REFUSED = "refused"
    #: The same, or the connection is closed without an answer.
    CLOSED = "closed"
    #: The same, or an answer that knows the text only as a value that no row has.
    EMPTY = "empty"
    #: The same, or an error of a tool, as agents see it.
    ERROR = "error"
    #: The same, or a page that shows the text as text.
    PAGE = "page"
    #: The same, or an answer that counts every row as quarantined.
    QUARANTINED = "quarantined"
    #: Anything but an error of the server: what was sent is odd, but allowed.
    ALLOWED = "allowed"


@dataclass(frozen=True)
class Hostile:
    """One input.

    Attributes:
        what: What is wrong with it.
        parts: Makes the bytes to send, in the order in which they are sent.
        verdict: What may come back.
        pause: Seconds between the parts.
        half_close: Whether the client says afterwards that it sends nothing more.
        to_the_end: Whether nothing may follow the first answer.
    """

    what: str
    parts: Callable[[], Iterable[bytes]]
    verdict: Verdict = Verdict.REFUSED
    pause: float = 0.0
    half_close: bool = False
    to_the_end: bool = False


def request(
    target: str | bytes,
    *,
    method: str | bytes = "GET",
    headers: Mapping[str, str | bytes] | Iterable[tuple[str, str | bytes]] = (),
    body: bytes = b"",
    length: int | None = None,
) -> bytes:
    """A request as bytes; nothing in it is checked or escaped.

    Args:
        target: Path and query.
        method: The method.
        headers: Further headers; one called Host replaces the usual one.
        body: The body.
        length: Content-Length, if it is not that of the body; -1: none.
    """
    given = [*(headers.items() if isinstance(headers, Mapping) else headers)]
    names = {name.lower() for name, _ in given}
    if "host" not in names:
        given.insert(0, ("Host", HOST))
    if (body or length is not None) and length != -1:
        given.append(("Content-Length", str(len(body) if length is None else length)))
    lines = [_bytes(method) + b" " + _bytes(target) + b" HTTP/1.1"]
    lines += [_bytes(name) + b": " + _bytes(value) for name, value in given]
    return b"\r\n".join((*lines, b"", b"")) + body


def get(target: str | bytes, what: str, verdict: Verdict = Verdict.REFUSED) -> Hostile:
    """A GET of a path."""
    return Hostile(what, lambda: (request(target),), verdict)


def encoded(text: str) -> str:
    """A text as a value in an address."""
    return quote(text, safe="")


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
