"""A server that is killed, or has no space left: docs/events.md, "Durability"."""

import json
import shutil
import signal
from contextlib import closing
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path

import pytest

from ltv_platform.settings import Settings
from ltv_platform_tests.chaos.events import free_port, kill_while_receiving, started
from ltv_platform_tests.events.posting import load
from ltv_platform_tests.proofs.faults.disk import MOUNTS, small_disk
from ltv_platform_tests.testing.forked import ForkedLtv
from ltv_platform_tests.testing.home import CAMPAIGNS, Home

#: Bytes that are left free for events.
_ROOM = 300 << 10
_DATE = "2026-01-10 10:00:00"

pytestmark = pytest.mark.slow(90)
#: Where a server is killed, and whether only when it ends.
POINTS = {
    "events written, not flushed": False,
    "events flushed, not acknowledged": False,
    "segment closed, not in landing": True,
}


def test_no_kill_loses_or_doubles_a_row(tmp_path: Path) -> None:
    """`make chaos-events` kills as often as you like."""
    tally = kill_while_receiving(tmp_path, seed=1, kills=4, tell=lambda _: None)
    assert tally.kills == 4
    assert tally.acknowledged > 0
    assert tally.kept_the_promise, tally


@pytest.mark.parametrize(("where", "at_end"), POINTS.items())
def test_killed_between_two_steps(tmp_path: Path, where: str, at_end: bool) -> None:
    """The row is loaded once, whether it was acknowledged or is sent again."""
    home = Home(tmp_path / "home", groups=CAMPAIGNS)
    ltv = ForkedLtv(home.settings.home)
    row = {"transaction_id": "t", "transaction_date": "2026-01-10 10:00:00", "amount": 1}
    port = free_port()

    def send() -> int:
        with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
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


@pytest.mark.skipif(not MOUNTS, reason="needs the right to mount a small disk")
def test_a_full_disk_answers_503_and_loses_nothing(tmp_path: Path) -> None:
    """What was acknowledged survives the kill of the server that has no space left."""
    with small_disk(tmp_path) as folder:
        home = Home(folder / "home", groups=CAMPAIGNS)
        ltv = ForkedLtv(folder / "home", spoken=tmp_path / "spoken")
        port, number = free_port(), 0
        acknowledged = set[str]()

        def send() -> int:
            nonlocal number
            number += 1
            ids = [f"{number}-{row}" for row in range(500)]
            rows = [
                {"transaction_id": each, "transaction_date": _DATE, "amount": 1} for each in ids
            ]
            body = "\n".join(map(json.dumps, rows))
            with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
                wait = ["true", "false"][number % 2]
                connection.request("POST", f"/v0/events?name=transactions&wait={wait}", body)
                answer = connection.getresponse()
                assert answer.status < 500 or int(answer.headers["retry-after"]) > 0
            if answer.status in (200, 202):
                acknowledged.update(ids)
            return answer.status

        server = started(ltv, port, serve_event_rate="1000000")
        ballast = folder / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(folder).free - _ROOM))
        answers = [send() for _ in range(20)]
        assert answers[0] == 202
        assert answers[-2:] == [503, 503]
        ballast.unlink()
        assert send() in (200, 202)  # without a restart
        ballast.write_bytes(bytes(shutil.disk_usage(folder).free))
        assert [send(), send()] == [503, 503]
        server.send(signal.SIGKILL)
        server.answer()
        ballast.unlink()
        server = started(ltv, port)
        assert send() in (200, 202)
        server.send(signal.SIGTERM)
        assert server.answer().code == 0
        load(home)
        stored = home.engine.rows(
            "SELECT transaction_id, COUNT(*) FROM raw.transactions GROUP BY 1"
        )
        assert acknowledged <= {each for each, _ in stored}
        assert {count for _, count in stored} == {1}
        assert home.engine.rows("SELECT COUNT(*) FROM raw.quarantine") == [(0,)]
