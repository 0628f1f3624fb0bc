"""Who sends a request, and whether a page of another site causes it.

A browser sends requests for any page. Without tokens, they look like requests of its user. So the
server refuses requests that the browser marks as caused by another site, and requests for any host
except this machine: an attacker can point a name of their own to it (DNS rebinding).
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ltv_platform.errors import UserError
from ltv_platform.serving.errors import RefusedError, unavailable
from ltv_platform.serving.services import Services
from ltv_platform.serving.tokens import Token

#: The cookie of the dashboard.
COOKIE = "ltv_token"
#: Methods that change nothing; a cookie counts for these alone.
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
#: Headers that proxies add.
_FORWARDED = frozenset({b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"})
_SECTION = "/docs#browsers"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request.

    Attributes:
        token: The token; None without one, or if it is unknown.
        presented: Whether a token came with the request.
        cookie: Whether it came in the cookie of the dashboard.
        address: The network address.
    """

    token: Token | None
    presented: bool
    cookie: bool
    address: str

    @property
    def key(self) -> str:
        """What limits of requests count by: the token, or else the address."""
        return f"token {self.token.name}" if self.token else f"address {self.address}"


def identify(services: Services, scope: Mapping[str, Any]) -> Caller:
    """The caller of a request.

    Args:
        services: The tokens.
        scope: The request, as ASGI describes it.

    Raises:
        RefusedError: another site sends it, or the tokens cannot be read.
    """
    headers: dict[bytes, bytes] = dict(scope["headers"])
    presented, cookie = _presented(scope, headers)
    address = scope["client"][0] if scope.get("client") else ""
    try:
        open_to_all = services.open_to_all
        token = None if open_to_all or not presented else services.tokens.find(presented)
    except UserError as error:
        raise unavailable(error) from error
    if open_to_all:
        _refuse_foreign_host(headers)
    if token is None or cookie:
        _refuse_cross_site(scope, headers)
    return Caller(token, bool(presented), cookie, address)


def _presented(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> tuple[str, bool]:
    """The token of a request, and whether it is the dashboard's cookie."""
    scheme, _, given = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer" and given.strip():
        return given.strip(), False
    if b"token=" in scope["query_string"]:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if "token" in query:
            return query["token"][-1], False
    if scope["method"] in _READING and b"cookie" in headers:
        try:
            morsel = SimpleCookie(headers[b"cookie"].decode("latin-1")).get(COOKIE)
        except CookieError:
            morsel = None
        if morsel is not None:
            return morsel.value, True
    return "", False


def _refuse_foreign_host(headers: Mapping[bytes, bytes]) -> None:
    if not _FORWARDED.isdisjoint(headers):
        raise RefusedError(
            HTTPStatus.FORBIDDEN,
            "The request comes through a proxy, so from another machine, and there are no tokens.",
            "Create a token: `ltv token create`.",
            documentation=_SECTION,
        )
    host = headers.get(b"host", b"").decode("latin-1")
    if host and not _is_this_machine(host):
        raise RefusedError(
            HTTPStatus.FORBIDDEN,
            f"Without tokens, this server answers only to names of this machine, not to {host!r}.",
            "Open it as http://127.0.0.1 with its port, or create a token: `ltv token create`.",
            documentation=_SECTION,
        )


@lru_cache(maxsize=64)
def _is_this_machine(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _refuse_cross_site(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> None:
    site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    if site is not None:
        # Following a link from elsewhere is fine: the other site does not see the answer.
        followed = scope["method"] in _READING and headers.get(b"sec-fetch-mode") == b"navigate"
        foreign = site not in (b"none", b"same-origin") and not followed
    else:  # an old browser, or a page without https
        foreign = origin is not None and _authority(origin) != headers.get(b"host", b"").lower()
    if foreign:
        raise RefusedError(
            HTTPStatus.FORBIDDEN,
            "A page of another site sends this request.",
            "Send it from a program, or with a token in the header Authorization.",
            documentation=_SECTION,
        )


def _authority(origin: bytes) -> bytes:
    return origin.lower().rpartition(b"://")[2]
