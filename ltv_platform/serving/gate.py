"""What every request passes first: its size, its caller, and the limit of requests."""

from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ltv_platform.serving.callers import Caller, identify
from ltv_platform.serving.errors import RefusedError, refusal
from ltv_platform.serving.limits import RateLimits
from ltv_platform.serving.services import Services

#: Longest address of a request, in bytes: more than any filter needs, and proxies allow no more.
MOST_ADDRESS = 8 << 10
#: Where requests are counted.
_LIMITED = ("/v0/", "/mcp")
_LIMITS = "/docs#limits"


class Gate:
    """Middleware: refuses what must not reach a route, and counts requests."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services
        self._limits = RateLimits(services.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its caller, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        caller, refused = self._look_at(scope)
        if scope["path"].startswith(_LIMITED):
            key = caller.key if caller else f"address {(scope['client'] or ('',))[0]}"
            allowed, headers = await self._limits.take(scope["path"], key)
            send = _with_headers(send, headers)
            if not allowed:
                refused = RefusedError(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "Too many requests in this second.",
                    "Wait as long as Retry-After says; fewer requests with more rows are faster.",
                    documentation=_LIMITS,
                    headers={"Retry-After": headers[-1][1].decode()},
                )
        if refused is not None:
            await refusal(refused)(scope, receive, send)
            return
        scope["caller"] = caller
        await self._app(scope, receive, send)

    def _look_at(self, scope: Scope) -> tuple[Caller | None, RefusedError | None]:
        size = len(scope["raw_path"]) + len(scope["query_string"])
        if size > MOST_ADDRESS:
            return None, RefusedError(
                HTTPStatus.REQUEST_URI_TOO_LONG,
                f"The address has {size:,} bytes, more than {MOST_ADDRESS:,}.",
                "Send the parameters in the body of a POST.",
                documentation=_LIMITS,
            )
        try:
            return identify(self._services, scope), None
        except RefusedError as error:
            return None, error


def _with_headers(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            started: dict[str, Any] = {**message, "headers": [*message["headers"], *headers]}
            message = started
        await send(message)

    return sending
