"""Headers of every answer that tell a browser what it must not do with it."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Styles may be inline, as charts give their values to them; scripts are files of ours alone.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
#: Figures stay out of caches; files of ours are compared with the server's before each use.
_NEVER = [*_HEADERS, (b"cache-control", b"no-store")]
_COMPARED = [*_HEADERS, (b"cache-control", b"no-cache")]


class SecurityHeaders:
    """Middleware: adds the headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; its answer gets the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        caching = _COMPARED if scope["path"].startswith("/static/") else _NEVER

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message["headers"]
                decided = any(name == b"cache-control" for name, _ in given)
                added = _HEADERS if decided else caching
                message = {**message, "headers": [*given, *added]}
            await send(message)

        await self._app(scope, receive, sending)
