"""A webhook on loopback that accepts messages, or misbehaves as real receivers do."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

from ltv_platform.alerts import Alerts
from ltv_platform.alerts.webhook import Webhook
from ltv_platform.settings import Settings

#: The secret part of the address.
SECRET = "/services/T0SECRET/B0SECRET/x+y=z~secret"


@dataclass(frozen=True)
class Answer:
    """What the receiver answers.

    Attributes:
        status: The status.
        body: The body.
        headers: Further headers.
        stall: Never answers, until the receiver is closed.
        drip: Sends its body byte by byte, with that many seconds between two.
    """

    status: int = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] | None = None
    stall: bool = False
    drip: float = 0.0


OK = Answer()


class Receiver(ThreadingHTTPServer):
    """Answers each request with the next of the given answers, the last one forever.

    Attributes:
        received: Bodies, in order.
        requests: Method, path and content type of each.
        closing: Set when nobody waits any more.
    """

    daemon_threads = True

    def __init__(self, answers: list[Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.received: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str, str]] = []
        self.closing = Event()

    @property
    def url(self) -> str:
        """Its address, with its secret."""
        return f"http://127.0.0.1:{self.server_port}{SECRET}"

    @property
    def texts(self) -> list[str]:
        """First line of each message that was received."""
        return [body["text"].splitlines()[0] for body in self.received]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"]))
        self._seen()
        self.server.received.append(json.loads(text))
        answers = self.server.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer.stall:
            self.server.closing.wait(30)
            return
        self.send_response(answer.status)
        for name, value in (answer.headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if not answer.drip:
            self.wfile.write(answer.body)
            return
        for place in range(len(answer.body)):
            if self.server.closing.wait(answer.drip):
                return
            self.wfile.write(answer.body[place : place + 1])

    def do_GET(self) -> None:
        self._seen()
        self.send_response(200)
        self.end_headers()

    def _seen(self) -> None:
        kind = self.headers.get("Content-Type", "")
        self.server.requests.append((self.command, self.path, kind))

    def log_message(self, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def receiver(*answers: Answer) -> Iterator[Receiver]:
    """A receiver with these answers; by default it accepts everything."""
    with Receiver(list(answers) or [OK]) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.closing.set()
        server.shutdown()


class Clock:
    """A clock that advances when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 15, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def on(self, **much: float) -> None:
        """Advance it by a number of ``hours``, ``seconds`` or ``days``."""
        self.now += timedelta(**much)


class Waits(list[float]):
    """Takes the place of sleeping."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def webhook(url: str, sleep: Callable[[float], None] | None = None, read: float = 10.0) -> Webhook:
    """A webhook that draws the longest waits and, by default, does not wait."""
    return Webhook(url, Waits() if sleep is None else sleep, lambda _, most: most, (2.0, read))


def alerts_of(home: Path, url: str | None, clock: Clock | None = None) -> Alerts:
    """The alerts of a home that are sent to that address."""
    settings = Settings.model_validate({"home": home, "alert_webhook": url})
    return Alerts(settings, webhook(url) if url else None, clock or Clock())


def real_alerts(home: Path, url: str) -> Alerts:
    """As they are, with the real clock and real waits."""
    return Alerts(Settings.model_validate({"home": home, "alert_webhook": url}))
