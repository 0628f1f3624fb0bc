"""Sends requests byte by byte, as no well-behaved client would, and reads what comes back."""

import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPException, HTTPResponse

#: Seconds in which a server must answer or close: longer than its own limits for slow clients.
PATIENCE = 20.0


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes:
        status: Of the answer; 0: the connection was closed without one.
        headers: Names in lower case; repeated ones are joined.
        body: What followed.
        rest: What the server sent after the answer before it closed the connection; read only if
            asked for.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    rest: bytes = b""

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


def exchange(
    port: int,
    parts: Iterable[bytes],
    *,
    pause: float = 0.0,
    half_close: bool = False,
    to_the_end: bool = False,
) -> Reply:
    """Send parts over one connection and read the first answer.

    Args:
        port: Of the server on this machine.
        parts: Bytes to send, one after another; sending stops when the server answers or closes.
        pause: Seconds before each part but the first.
        half_close: Whether to say afterwards that nothing more will come.
        to_the_end: Whether to read on until the server closes the connection.

    Raises:
        TimeoutError: no answer, and the connection stays open.
    """
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        _send(connection, parts, pause)
        if half_close:
            try:
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                return Reply(0)
        return _read(connection, to_the_end)


def _send(connection: socket.socket, parts: Iterable[bytes], pause: float) -> None:
    started = time.monotonic()
    try:
        for number, part in enumerate(parts):
            if number and pause:
                time.sleep(pause)
            connection.sendall(part)
            if pause and _has_answered(connection):
                return
            if time.monotonic() - started > PATIENCE:
                return
    except OSError:  # the server has closed; its answer may have arrived
        return


def _has_answered(connection: socket.socket) -> bool:
    try:
        connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    return True


def _read(connection: socket.socket, to_the_end: bool) -> Reply:
    response = HTTPResponse(connection)
    try:
        response.begin()
        body = response.read()
        rest = b""
        if to_the_end and response.fp is None:
            rest = _rest(connection)
    except TimeoutError:
        raise
    except (HTTPException, OSError):
        return Reply(0)
    finally:
        response.close()
    return Reply(response.status, _headers(response.headers), body, rest)


def _headers(message: Message) -> dict[str, str]:
    names = {name.lower() for name in message}
    return {name: ", ".join(message.get_all(name, [])) for name in names}


def _rest(connection: socket.socket) -> bytes:
    connection.settimeout(1)
    parts = []
    try:
        while part := connection.recv(1 << 16):
            parts.append(part)
    except OSError:
        pass
    return b"".join(parts)
