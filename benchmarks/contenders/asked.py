"""Questions about chosen customers and campaigns: bare statements, pipes, and pipes over HTTP."""

import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.homes import open_home
from benchmarks.processes import ContenderError, Stopwatch
from ltv_platform.pipes.answering import Answering
from ltv_platform.pipes.declared import all_pipes
from ltv_platform.pipes.formats import as_json
from ltv_platform.pipes.parameters import read_question
from ltv_platform.published import snapshot
from ltv_platform.published.current import require_snapshot
from ltv_platform.published.live import LiveSnapshot
from ltv_platform.published.query import connect_to_snapshot

Question = tuple[str, Mapping[str, str]]

_COUNTRIES = ("US", "GB", "DE", "FR", "BR", "IN", "JP", "CA", "MX", "ES")
_SEGMENTS = ("basic", "plus", "premium")
#: What somebody writes who needs only the main figures of a pipe.
_BY_HAND = {
    "ltv_by_cohort": "SELECT DATE_TRUNC('month', registration_date) AS month, COUNT(*), SUM(ltv), "
    "MEDIAN(CAST(ltv AS DOUBLE)) FROM customer_ltv "
    "WHERE country = $country AND segment = $segment GROUP BY month ORDER BY month",
    "customer_retention_analysis": "SELECT cohort_month, activity, months_since_registration, "
    "SUM(active_customers) FROM customer_retention_sums WHERE country = $country "
    "GROUP BY ALL ORDER BY ALL LIMIT 100",
    "customer_ltv": "SELECT * FROM customer_ltv WHERE country = $country AND segment = $segment "
    "AND is_active = ($is_active = '1') ORDER BY customer_id LIMIT 100",
    "campaign_ltv": "SELECT * FROM campaign_ltv WHERE country = $country "
    "AND campaign_id = $campaign ORDER BY install_date LIMIT 100",
    "campaign_roas": "SELECT * FROM campaign_roas WHERE country = $country "
    "ORDER BY install_date, campaign_id LIMIT 100",
}
_ADDRESS = re.compile(r"on http://127\.0\.0\.1:(\d+);")
_STARTS_WITHIN = 120.0
#: Seconds between two publications, and between two questions of a client.
_PUBLISH_EVERY = 5.0
_PAUSE = 0.002
_CLIENTS = 2


def questions() -> list[Question]:
    """Every question once, in a mixed order."""
    every: list[Question] = []
    for country, segment in product(_COUNTRIES, _SEGMENTS):
        every.append(("ltv_by_cohort", {"country": country, "segment": segment}))
        every += [
            ("customer_ltv", {"country": country, "segment": segment, "is_active": active})
            for active in ("0", "1")
        ]
    for country in _COUNTRIES:
        every.append(("customer_retention_analysis", {"country": country}))
        every.append(("campaign_roas", {"country": country}))
        every += [
            ("campaign_ltv", {"country": country, "campaign": f"camp_{number:02d}"})
            for number in range(3)
        ]
    random.Random(1).shuffle(every)  # noqa: S311 - not for secrets
    return every


def by_hand(watch: Stopwatch, home: str, last: int) -> dict[str, int]:
    """Bare statements on the Parquet files of the snapshot."""
    settings = open_home(home, last).settings
    with connect_to_snapshot(settings, require_snapshot(settings)) as connection:
        for name, sql in _BY_HAND.items():  # footers of its files
            connection.execute(sql, next(given for asked, given in questions() if asked == name))
        with watch.step("questions"):
            rows = 0
            for name, given in questions():
                answer = connection.execute(_BY_HAND[name], dict(given)).fetchall()
                rows += _counted(name, answer)
    return {"questions": len(questions()), "rows": rows}


def pipes(watch: Stopwatch, home: str, last: int) -> dict[str, int]:
    """Pipes in this process, as JSON: every question for the first time, then again."""
    workspace = open_home(home, last)
    settings, known = workspace.settings, all_pipes(workspace.settings)
    live = LiveSnapshot(settings)
    answering = Answering(live.reading, workspace.graph)
    live.prepare(answering.prepare)
    for name in _BY_HAND:  # templates
        answering.answer(known[name], read_question(known[name], [("country", "(none)")], settings))

    def ask_all() -> int:
        rows = 0
        for name, given in questions():
            question = read_question(known[name], given.items(), settings)
            answer = answering.answer(known[name], question)
            as_json(answer)
            rows += _counted(name, answer.rows)
        return rows

    with watch.step("for the first time"):
        rows = ask_all()
    with watch.step("again"):
        ask_all()
    live.close()
    return {"questions": len(questions()), "rows": rows}


def _counted(name: str, rows: Sequence[object]) -> int:
    """Rows to compare: the bare statement also has months that have not ended."""
    return 0 if name == "customer_retention_analysis" else len(rows)


def republish(_: Stopwatch, home: str, last: int) -> None:
    """Publish again and again, until it is ended."""
    workspace = open_home(home, last)
    while True:
        with workspace.engine.hold():
            snapshot.publish(workspace.engine, workspace.graph)
        time.sleep(_PUBLISH_EVERY)


def served(watch: Stopwatch, home: str, last: int, seconds: float) -> dict[str, float]:
    """Pipes over HTTP, by two clients at once, while another process publishes."""
    found: list[tuple[float, int]] = []
    with _server(home, last) as port, watch.step("serve"):
        _ask(port, 0, time.monotonic() + 1, [])  # the first snapshot is loaded
        with _publisher(home, last):
            until = time.monotonic() + seconds
            clients = [
                threading.Thread(target=_ask, args=(port, seed, until, found))
                for seed in range(_CLIENTS)
            ]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
    times = sorted(1000 * taken for taken, _ in found)
    return {
        "requests": len(found),
        "errors": sum(status != HTTPStatus.OK for _, status in found),
        "p50_ms": times[len(times) // 2],
        "p99_ms": times[len(times) * 99 // 100],
    }


def _ask(port: int, seed: int, until: float, found: list[tuple[float, int]]) -> None:
    connection, every = HTTPConnection("127.0.0.1", port), questions()
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    while time.monotonic() < until:
        name, given = draw.choice(every)
        start = time.perf_counter()
        connection.request("GET", f"/v0/pipes/{name}.json?{urlencode(given)}")
        answer = connection.getresponse()
        answer.read()
        found.append((time.perf_counter() - start, answer.status))
        time.sleep(_PAUSE)
    connection.close()


@contextmanager
def _server(home: str, last: int) -> Iterator[int]:
    settings = open_home(home, last).settings
    log = Path(home) / "server.log"
    given = {"LTV_HOME": home, "LTV_NOW": f"{settings.now:%Y-%m-%dT%H:%M:%SZ}"}
    command = [sys.executable, "-m", "ltv_platform.cli", "serve", "--port", "0"]
    with log.open("wb") as out, _ended(command, {**os.environ, **given}, stdout=out, stderr=out):
        give_up = time.monotonic() + _STARTS_WITHIN
        while not (match := _ADDRESS.search(log.read_text("utf-8"))):
            if time.monotonic() > give_up:
                raise ContenderError(f"the server did not start: {log.read_text('utf-8')}")
            time.sleep(0.1)
        yield int(match[1])


@contextmanager
def _publisher(home: str, last: int) -> Iterator[None]:
    request = {
        "function": "contenders.asked:republish",
        "arguments": {"home": home, "last": last},
        "answer": os.devnull,
    }
    command = [sys.executable, "-m", "benchmarks.child", json.dumps(request)]
    with _ended(command, os.environ):
        yield


@contextmanager
def _ended(command: list[str], environment: Mapping[str, str], **streams: Any) -> Iterator[None]:
    """A process that is ended in any case."""
    with subprocess.Popen(command, env=dict(environment), **streams) as process:
        try:
            yield
        finally:
            process.kill()
