"""Limits the size of bodies; ``protocol`` limits their time.

The rest of an unread body is read and discarded before the answer: many clients send their whole
body before they read the answer, and would only see a broken connection.
"""

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ltv_platform.serving.errors import RefusedError, refusal

#: Most bytes of a body of events, and of any other.
MOST_EVENTS, MOST_OTHERS = 10 << 20, 1 << 20
_EVENTS = "/v0/events"
#: Most bytes of a refused body to read.
_MOST_DISCARDED = 100 << 20
_LIMITS = "/docs#limits"


class Bodies:
    """Middleware: limits the bytes of a body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with a limited body."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive)
        await self._app(scope, body.receive, body.sending(send))


class _Body:
    """The body of one request."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope, self._receive = scope, receive
        self._read, self._complete = 0, False
        self._most = MOST_EVENTS if scope["path"] == _EVENTS else MOST_OTHERS
        headers = dict(scope["headers"])
        # The client waits for our answer before it sends the body.
        self._waits = headers.get(b"expect", b"").lower() == b"100-continue"
        declared = headers.get(b"content-length", b"")
        too_large = declared.isdigit() and int(declared) > self._most
        self._refused = self._too_large() if too_large else None

    async def receive(self) -> Message:
        """The next part.

        Raises:
            RefusedError: it is too large.
        """
        if self._refused is not None:
            raise self._refused
        message = await self._receive()
        self._note(message)
        if self._read > self._most:
            self._refused = self._too_large()
            raise self._refused
        return message

    def sending(self, send: Send) -> Send:
        """Sends the answer of the route, or the refusal instead of it."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                if not self._complete:
                    await self._discard()
                closing = [] if self._complete else [(b"connection", b"close")]
                if self._refused is not None:
                    await self._refuse(send, [*_limits_in(message), *closing])
                    return
                message = {**message, "headers": [*message["headers"], *closing]}
            if self._refused is None:
                await send(message)

        return sending

    async def _refuse(self, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        assert self._refused is not None
        answer = refusal(self._refused)
        answer.raw_headers.extend(headers)
        await answer(self._scope, self._receive, send)

    def _note(self, message: Message) -> None:
        self._read += len(message.get("body", b""))
        # Also after the client has gone.
        self._complete = not message.get("more_body", False)

    def _too_large(self) -> RefusedError:
        return RefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The body has more than {self._most >> 20} MiB.",
            "Send it in several requests.",
            documentation=_LIMITS,
        )

    async def _discard(self) -> None:
        if not self._waits:
            while not self._complete and self._read < _MOST_DISCARDED:
                self._note(await self._receive())


def _limits_in(message: Message) -> list[tuple[bytes, bytes]]:
    """The headers of the limit of requests, which every answer has."""
    return [one for one in message["headers"] if one[0].startswith(b"x-ratelimit-")]


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )
