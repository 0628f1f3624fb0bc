"""A server that is killed, at random and at the worst moments: docs/events.md, "Durability"."""

import json
import signal
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path

import pytest

from ltv_platform.settings import Settings
from ltv_platform_tests.chaos.events import free_port, kill_while_receiving, started
from ltv_platform_tests.events.posting import load
from ltv_platform_tests.testing.forked import ForkedLtv
from ltv_platform_tests.testing.home import CAMPAIGNS, Home

pytestmark = pytest.mark.slow(90)


def test_no_kill_loses_or_doubles_a_row(tmp_path: Path) -> None:
    """`make chaos-events` kills as often as you like."""
    tally = kill_while_receiving(tmp_path, seed=1, kills=4, tell=lambda _: None)
    assert tally.kills == 4
    assert tally.acknowledged > 0
    assert tally.kept_the_promise, tally


@pytest.mark.parametrize(
    ("where", "at_end"),
    [
        ("events written, not flushed", False),
        ("events flushed, not acknowledged", False),
        ("segment closed, not in landing", True),
    ],
)
def test_killed_between_two_steps(tmp_path: Path, where: str, at_end: bool) -> None:
    """The row is loaded once, whether it was acknowledged or is sent again."""
    home = Home(tmp_path / "home", groups=CAMPAIGNS)
    ltv = ForkedLtv(home.settings.home)
    row = {"transaction_id": "t", "transaction_date": "2026-01-10 10:00:00", "amount": 1}
    port = free_port()

    def send() -> int:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", "/v0/events?name=transactions&wait=true", json.dumps(row))
        return connection.getresponse().status

    server = started(ltv, port, failpoint=where)
    if at_end:
        assert send() == 200
        server.send(signal.SIGTERM)
    else:
        with pytest.raises((RemoteDisconnected, ConnectionError)):
            send()
    assert server.answer().code == -signal.SIGKILL
    assert len(list(Settings(home=home.settings.home).spool_path.glob("*/*"))) == 1
    server = started(ltv, port)
    assert send() == 200
    server.send(signal.SIGTERM)
    assert server.answer().code == 0
    load(home)
    assert home.engine.rows("SELECT transaction_id, version FROM raw.transactions") == [("t", 1)]
