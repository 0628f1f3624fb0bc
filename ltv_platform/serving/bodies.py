"""Bodies of requests: neither too large nor too slow.

A body that is refused is still read for a while and thrown away: many clients send all of theirs
before they look at the answer, and would only see that the connection broke.
"""

import asyncio
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ltv_platform.serving.errors import RefusedError, refusal
from ltv_platform.settings import Settings

#: Most bytes of a body of events, and of any other.
MOST_EVENTS, MOST_OTHERS = 10 << 20, 1 << 20
_EVENTS = "/v0/events"
#: Most bytes of a refused body that are read.
_MOST_DISCARDED = 100 << 20
_LIMITS = "/docs#limits"


class Bodies:
    """Middleware: limits the bytes of a body, and the seconds in which it must arrive."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._seconds = settings.serve_body_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with a limited body."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive, self._seconds)
        if body.declared > body.most:
            body.refused = body.too_large()
            await body.answer(send)
            return
        await self._app(scope, body.receive, body.sending(send))


class _Body:
    """The body of one request."""

    def __init__(self, scope: Scope, receive: Receive, seconds: float) -> None:
        self._scope, self._receive, self._seconds = scope, receive, seconds
        self._until = asyncio.get_running_loop().time() + seconds
        self._read, self._complete = 0, False
        self.most = MOST_EVENTS if scope["path"] == _EVENTS else MOST_OTHERS
        self.refused: RefusedError | None = None
        headers = dict(scope["headers"])
        given = headers.get(b"content-length", b"0")
        self.declared = int(given) if given.isdigit() else 0
        # Such a client waits for our answer before it sends the body.
        self._waits = headers.get(b"expect", b"").lower() == b"100-continue"

    async def receive(self) -> Message:
        """The next part.

        Raises:
            RefusedError: it is too large or too late.
        """
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            self.refused = RefusedError(
                HTTPStatus.REQUEST_TIMEOUT,
                f"The body of the request did not arrive within {self._seconds:g} seconds.",
                "Send smaller bodies; LTV_SERVE_BODY_TIMEOUT waits longer.",
                documentation=_LIMITS,
            )
            raise self.refused from None
        self._read += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._read > self.most:
            self.refused = self.too_large()
            raise self.refused
        return message

    def sending(self, send: Send) -> Send:
        """Sends the refusal, whatever the route makes of it."""

        async def sending(message: Message) -> None:
            if self.refused is None:
                await send(message)
            elif message["type"] == "http.response.start":
                await self.answer(send)

        return sending

    async def answer(self, send: Send) -> None:
        """Send the refusal and close the connection."""
        assert self.refused is not None
        await self._discard()
        await refusal(self.refused, {"connection": "close"})(self._scope, self._receive, send)

    def too_large(self) -> RefusedError:
        """The refusal of a body that is too large."""
        return RefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The body has more than {self.most >> 20} MiB.",
            "Send it in several requests.",
            documentation=_LIMITS,
        )

    async def _discard(self) -> None:
        if self._waits:
            return
        try:
            async with asyncio.timeout_at(self._until):
                while not self._complete and self._read < _MOST_DISCARDED:
                    message = await self._receive()
                    self._read += len(message.get("body", b""))
                    self._complete = not message.get("more_body", False)
        except TimeoutError:
            return


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )
