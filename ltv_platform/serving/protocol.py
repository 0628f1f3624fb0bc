"""HTTP/1.1 of uvicorn with limits on how a request arrives.

Uvicorn lets a client take its time, and send as many headers as it likes.
"""

import json
from asyncio import TimerHandle, Transport
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Most bytes of the first line and the headers of a request: more than proxies usually allow.
MOST_HEAD = 64 << 10


def limited_protocol(seconds: float) -> type["LimitedProtocol"]:
    """The protocol with another limit of time."""
    return type("LimitedProtocol", (LimitedProtocol,), {"seconds": seconds})


class LimitedProtocol(HttpToolsProtocol):
    """A connection whose requests must arrive soon, and begin briefly.

    Attributes:
        seconds: In which a request must arrive, with its headers and its body; the first one counts
            from the connection.
    """

    seconds = 30.0
    _bytes = 0
    _in_head = True
    _late: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Expect the first request."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived, unless the head is too long already."""
        if self._in_head:
            self._bytes += len(data)
            if self._bytes > MOST_HEAD and not self._ends_early(data):
                self._refuse(
                    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                    f"The headers have more than {MOST_HEAD >> 10} KiB.",
                )
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Expect all of a request."""
        super().on_message_begin()
        if self._late is None:
            self._expect()

    def on_headers_complete(self) -> None:
        """The headers are here."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is here."""
        self._stop_waiting()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Say that this is not HTTP, in the form of all errors."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def _ends_early(self, data: bytes) -> bool:
        """Whether the head is within the limit, and the rest of the data belongs to the body."""
        end = data.find(b"\r\n\r\n")
        return end >= 0 and self._bytes - len(data) + end <= MOST_HEAD

    def _expect(self) -> None:
        self._in_head, self._bytes = True, 0
        self._late = self.loop.call_later(self.seconds, self._too_late)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        what = "The headers" if self._in_head else "The body"
        self._refuse(
            HTTPStatus.REQUEST_TIMEOUT,
            f"{what} did not arrive within {self.seconds:g} seconds. Send smaller requests; "
            "LTV_SERVE_REQUEST_TIMEOUT waits longer.",
        )

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        self._stop_waiting()
        if self.transport.is_closing():
            return
        if self.cycle is not None and self.cycle.response_started and not self._in_head:
            self.transport.close()  # another answer would be read as part of that one
            return
        body = json.dumps({"error": message, "documentation": "/docs#limits"}).encode()
        lines = (
            f"HTTP/1.1 {status.value} {status.phrase}",
            "content-type: application/json",
            f"content-length: {len(body)}",
            "connection: close",
        )
        self.transport.write("\r\n".join((*lines, "", "")).encode() + body)
        self.transport.close()
