"""Homes whose journeys the simulated IHC API scores, and a server with scripted answers."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from ltv_platform.attribution.ihc_api.simulator import Simulator
from ltv_platform.ingestion.rows.start_date import cover_log
from ltv_platform.refresh.build import build_table
from ltv_platform.settings import Settings
from ltv_platform.warehouse import planner
from ltv_platform_tests.testing.home import ATTRIBUTION, Home

KEY = "kEy+of/the=tests~42"

#: Settings where the API stalls: it does so for a second longer than the client waits.
IMPATIENT = {"ihc_timeout": "2"}

#: What scoring needs, inputs first.
JOURNEYS = ("core.sessions", "core.conversions", "marts.customer_journeys")
SCORES = "marts.ihc_attribution"


def api_settings(url: str, **settings: str) -> dict[str, str]:
    """Settings, as text, under which the API at that address scores, without real waiting."""
    return {
        "ihc_url": url,
        "ihc_api_key": KEY,
        "ihc_conversion_type": "shop",
        "ihc_backoff": "0.001",
        "ihc_timeout": "60",
        **settings,
    }


def api_home(folder: Path, url: str, **settings: str) -> Home:
    """A home that is scored by the API at that address."""
    return Home(folder, groups=ATTRIBUTION, **api_settings(url, **settings))


def simulator(**how: Any) -> Simulator:
    """The simulated API, quick about its faults; see :data:`IMPATIENT` for one that stalls."""
    return Simulator(Settings(), KEY, **{"retry_after": 0, "stall": 3, **how})


def journey_rows(lengths: Sequence[int]) -> tuple[list[str], list[str]]:
    """Rows of sessions and conversions: a journey of each length, one a day from 2025-12-01."""
    sessions, conversions = [], []
    for number, length in enumerate(lengths, start=1):
        day = f"2025-12-{1 + (number - 1) % 28:02d}"
        conversions.append(f"v{number},u{number},{day},20:00:00,{10 * number}")
        sessions += [
            f"s{number}_{place},u{number},{'Ads' if place % 2 else 'Mail'},{day},"
            f"{8 + place // 60:02d}:{place % 60:02d}:00,{place % 2},{int(place == length)}"
            for place in range(1, length + 1)
        ]
    return sessions, conversions


def fill(home: Home, lengths: Sequence[int]) -> Home:
    """Load journeys of such lengths."""
    sessions, conversions = journey_rows(lengths)
    home.load("session_sources", *sessions)
    home.load("conversions", *conversions)
    return home


def build(home: Home, *tables: str) -> Home:
    """Rewrite the stale days of some tables, by default of those that scoring needs."""
    start = cover_log(home.engine)
    for name in tables or JOURNEYS:
        transform = home.graph[name]
        state = home.engine.state((name, *transform.inputs))
        days = planner.stale_days(transform, state, start, home.settings.today())
        build_table(home.engine, transform, days)
    return home


Answer = tuple[int, Mapping[str, str], bytes]
#: A header of an answer that comes byte by byte: the seconds after each.
DRIP = "X-Drip"


class ScriptedApi(ThreadingHTTPServer):
    """Answers each request with the next of the given answers, the last one forever.

    Attributes:
        received: Body of each request.
        headers: Headers of each request.
    """

    daemon_threads = True

    def __init__(self, answers: Sequence[Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _ScriptedHandler)
        self.answers = list(answers)
        self.received: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"


class _ScriptedHandler(BaseHTTPRequestHandler):
    server: ScriptedApi

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(json.loads(text))
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.server.paths.append(self.path)
        answers = self.server.answers
        status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        pause = float(headers.get(DRIP, 0))
        with suppress(OSError):  # the client has closed the connection
            for piece in (body[n : n + 1] for n in range(len(body))) if pause else (body,):
                self.wfile.write(piece)
                time.sleep(pause)

    def log_message(self, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def scripted(*answers: Answer | Mapping[str, Any] | int) -> Iterator[ScriptedApi]:
    """A server with these answers: status, headers and body; a JSON body; or a bare status."""
    whole = [
        (200, {}, json.dumps(answer).encode())
        if isinstance(answer, Mapping)
        else (answer, {}, b"{}")
        if isinstance(answer, int)
        else answer
        for answer in answers
    ]
    with ScriptedApi(whole) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()
