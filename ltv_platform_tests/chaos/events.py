"""Kills a server at random while clients send events, and counts what has become of them.

Clients send each batch again until it is acknowledged, and some of them once more. After the kills,
one `ltv run` loads what is left. Then every acknowledged row must be in the raw log exactly once,
and of a row that changed, its last version must count.
"""

import json
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from random import Random

from ltv_platform.settings import Settings
from ltv_platform.workspace import Workspace
from ltv_platform_tests.testing.forked import ForkedLtv, Running

_CLIENTS = 4
_MOST_ROWS = 20
#: Share of acknowledged batches that are sent again.
_SENT_AGAIN = 0.1
#: Seconds between two attempts of a client.
_PAUSE = 0.01
#: Seconds of load before a kill, at most; of one in ten, so many that segments are closed.
_SHORT, _LONG, _LONG_SHARE = 1.0, 12.0, 0.1
#: Share of kills after which waiting events are loaded before the server starts again.
_LOADED = 0.1
_STARTS_WITHIN = 60.0


@dataclass
class EventTally:
    """What happened.

    Attributes:
        kills: Kills of the server.
        acknowledged: Rows acknowledged, each counted once.
        attempts: Requests sent.
        unanswered: Requests that a kill left without an answer.
        lost: Acknowledged rows that are not in the log.
        doubled: Rows in the log more than once.
        stale: Changing rows whose last acknowledged version does not count.
        refused: Answers other than 200 and 202, and commands that failed.
    """

    kills: int = 0
    acknowledged: int = 0
    attempts: int = 0
    unanswered: int = 0
    lost: int = 0
    doubled: int = 0
    stale: int = 0
    refused: list[str] = field(default_factory=list)

    @property
    def kept_the_promise(self) -> bool:
        """Whether nothing acknowledged was lost, and nothing doubled."""
        return not (self.lost or self.doubled or self.stale or self.refused)


class _Client(threading.Thread):
    """Sends batches of transactions, and one customer whose segment counts up."""

    def __init__(self, number: int, seed: int, port: int, stop: threading.Event) -> None:
        super().__init__(name=f"client {number}")
        self._number, self._port, self._stopped = number, port, stop
        self._random = Random(seed * 1_000 + number)
        self._connection: HTTPConnection | None = None
        self.acknowledged: set[str] = set()
        self.version = 0
        self.attempts = self.unanswered = 0
        self.refused: list[str] = []

    @property
    def customer(self) -> str:
        """The customer that changes."""
        return f"changing-{self._number}"

    def run(self) -> None:
        """Send until stopped; the last batch is acknowledged, too."""
        batch = 0
        while not self._stopped.is_set():
            batch += 1
            ids = [
                f"{self._number}-{batch}-{row}"
                for row in range(self._random.randint(1, _MOST_ROWS))
            ]
            rows = [
                {
                    "transaction_id": each,
                    "customer_id": self.customer,
                    "transaction_date": "2025-12-10 10:00:00",
                    "amount": batch,
                }
                for each in ids
            ]
            self._send("transactions", rows)
            self.acknowledged.update(ids)
            if self._random.random() < _SENT_AGAIN:
                self._send("transactions", rows)
            changed: dict[str, object] = {
                "customer_id": self.customer,
                "registration_date": "2025-10-01 10:00:00",
                "segment": str(batch),
            }
            self._send("customers", [changed])
            self.version = batch

        self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _send(self, table: str, rows: list[dict[str, object]]) -> None:
        body = "\n".join(map(json.dumps, rows))
        wait = self._random.choice(["true", "false"])
        while True:
            self.attempts += 1
            try:
                if self._connection is None:
                    self._connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
                self._connection.request("POST", f"/v0/events?name={table}&wait={wait}", body)
                answer = self._connection.getresponse()
                content = answer.read()
            except (OSError, HTTPException):
                self.unanswered += 1
                self._disconnect()
                time.sleep(_PAUSE)
                continue
            counts = {"successful_rows": len(rows), "quarantined_rows": 0}
            if answer.status not in (200, 202) or json.loads(content) != counts:
                self.refused.append(f"{answer.status} {content.decode()}")
            return


def kill_while_receiving(
    folder: Path, seed: int, kills: int, tell: Callable[[str], None]
) -> EventTally:
    """Kill a server at random while it receives events, and compare the log with the answers.

    Args:
        folder: Empty; an LTV_HOME is made in it.
        seed: Of the rows and the moments.
        kills: How often.
        tell: Told of each phase.
    """
    random = Random(seed)
    home = folder / "home"
    command_line = ForkedLtv(home, {"start_date": "2025-01-01", "serve_event_rate": "1000000"})
    port = free_port()
    stop = threading.Event()
    clients = [_Client(number, seed, port, stop) for number in range(_CLIENTS)]
    tally = EventTally()
    server = started(command_line, port)
    for client in clients:
        client.start()
    try:
        while tally.kills < kills:
            is_long = random.random() < _LONG_SHARE
            time.sleep(random.uniform(0, _LONG if is_long else _SHORT))
            server.send(signal.SIGKILL)
            server.answer()
            tally.kills += 1
            if tally.kills % 20 == 0:
                tell(f"{tally.kills} kills, {sum(len(c.acknowledged) for c in clients)} rows")
            if random.random() < _LOADED and (answer := command_line("ingest")).code:
                tally.refused.append(answer.err)
            server = started(command_line, port)
    finally:
        stop.set()
        for client in clients:
            client.join()
    server.send(signal.SIGKILL)
    server.answer()
    tell("loading what is left")
    last = command_line("run")
    if last.code:
        tally.refused.append(last.err)
    _compare(home, clients, tally)
    return tally


def _compare(home: Path, clients: list[_Client], tally: EventTally) -> None:
    engine = Workspace(Settings(home=home)).engine
    logged = dict(
        engine.rows("SELECT transaction_id, COUNT(*) FROM raw.transactions GROUP BY transaction_id")
    )
    current = dict(
        engine.rows("SELECT customer_id, arg_max(segment, version) FROM raw.customers GROUP BY ALL")
    )
    for client in clients:
        tally.acknowledged += len(client.acknowledged)
        tally.attempts += client.attempts
        tally.unanswered += client.unanswered
        tally.refused += client.refused
        tally.lost += len(client.acknowledged - logged.keys())
        tally.stale += current.get(client.customer) != str(client.version)
    tally.doubled = sum(count > 1 for count in logged.values())


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(command_line: ForkedLtv, port: int, **settings: str) -> Running:
    """A server that answers, under further settings."""
    server = command_line.start("serve", "--port", str(port), **settings)
    give_up = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < give_up and not server.ends_within(_PAUSE):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            continue
        return server
    server.send(signal.SIGKILL)
    raise AssertionError(f"the server did not start: {server.answer().err}")
