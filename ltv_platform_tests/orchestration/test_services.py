"""``ltv up`` as a real process: dropped files appear, killed processes restart, SIGTERM ends it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from ltv_platform.orchestration.services import API, DAEMON
from ltv_platform_tests.chaos.flood import flooded
from ltv_platform_tests.chaos.readers import READERS, read_while_backfilled
from ltv_platform_tests.chaos.services import SERVICES, Up, up, wait_until
from ltv_platform_tests.testing.comparison import home_at
from ltv_platform_tests.testing.home import HEADERS

pytestmark = pytest.mark.process

#: Seconds from a file in landing to the figures; most of it is Dagster's own polling.
_PUBLISHED_WITHIN = 90


def _drop(home: Path, name: str, *rows: str) -> None:
    folder = home / "landing" / "conversions"
    (folder / f"{name}.part").write_text("\n".join([HEADERS["conversions"], *rows]) + "\n")
    (folder / f"{name}.part").rename(folder / f"{name}.csv")


def _published(home: Path) -> list[str]:
    if not (home / "published" / "current").exists():
        return []
    return [str(key) for key in home_at(home).values("SELECT conv_id FROM conversions ORDER BY 1")]


def _known(running: Up) -> dict[str, int]:
    """The process of each service."""
    return {
        service: pid
        for pid, line in running.children().items()
        for service in SERVICES
        if service in line
    }


def test_a_dropped_file_shows_and_killed_services_come_back(tmp_path: Path) -> None:
    """Within 90 s without a hand on it; again after its daemon was killed; then a clean end."""
    home = tmp_path / "home"
    with up(home, tmp_path / "log") as running:
        _drop(home, "first", "v1,u,2025-03-02,10:00:00,5")
        wait_until(lambda: _published(home) == ["v1"], _PUBLISHED_WITHIN, "v1 is published")
        before = _known(running)
        assert set(before) == set(SERVICES)
        os.kill(before[DAEMON], signal.SIGKILL)
        _drop(home, "second", "v2,u,2025-03-03,10:00:00,6")
        wait_until(lambda: _published(home) == ["v1", "v2"], 120, "v2 is published")
        assert _known(running)[DAEMON] != before[DAEMON]
        assert "daemon ended (-9); restarting it." in running.said
        refused = subprocess.run(
            [sys.executable, "-m", "ltv_platform.cli", "up", "--port", str(_free_port())],
            env={**os.environ, "LTV_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert refused.returncode == 2 and "serves" in refused.stderr, refused
        left = running.children(deep=True)
        assert running.end() == 0
        wait_until(lambda: not any(map(_lives, left)), 30, "all of its processes have ended")
        assert "Traceback" not in running.said


def test_the_address_is_told_when_it_answers(tmp_path: Path) -> None:
    """The printed address shows the UI within two seconds. Nothing is deprecated."""
    port = _free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "ltv_platform.cli", "up", "--port", str(port)],
        env={**os.environ, "LTV_HOME": str(tmp_path / "home")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if f"Dagster UI on http://127.0.0.1:{port}" in line:
                break
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        said += process.stderr
    assert process.returncode == 0, said
    assert not re.search("deprecat|supersed", "".join(said), re.IGNORECASE)


def test_the_api_runs_beside_the_others(tmp_path: Path) -> None:
    """With --serve: it answers, comes back after it was killed, and ends with all the others."""
    with up(tmp_path / "home", tmp_path / "log", api=True) as running:
        health = f"http://127.0.0.1:{running.api_port}/healthz"

        def is_up() -> bool:
            try:
                with urllib.request.urlopen(health, timeout=5) as answer:
                    return bool(answer.status == 200)
            except OSError:
                return False

        wait_until(is_up, 30, "the API answers")
        [first] = [pid for pid, line in running.children().items() if API in line]
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not _lives(first) and is_up(), 30, "it answers again")
        assert "API ended (-9); restarting it." in running.said
        left = running.children(deep=True)
        assert running.end() == 0
        wait_until(lambda: not any(map(_lives, left)), 30, "all of its processes have ended")
        assert "Traceback" not in running.said


def test_an_event_is_in_the_figures(tmp_path: Path) -> None:
    """docs/api.md: within 90 s without a hand on it, and the server says the same."""
    home = tmp_path / "home"
    with up(home, tmp_path / "log", api=True) as running:
        address = f"http://127.0.0.1:{running.api_port}/v0"
        event = b'{"conv_id": "v1", "user_id": "u", "conv_date": "2025-03-02", '
        event += b'"conv_time": "10:00:00", "revenue": 5}'
        sent = f"{address}/events?name=conversions&wait=true"
        with urllib.request.urlopen(sent, event, timeout=30) as answer:
            assert json.load(answer) == {"successful_rows": 1, "quarantined_rows": 0}
        wait_until(lambda: _published(home) == ["v1"], _PUBLISHED_WITHIN, "v1 is published")
        shown = f"{address}/pipes/channel_reporting.json"
        with urllib.request.urlopen(shown, timeout=30) as answer:
            assert json.load(answer)["as_of"] == "2025-03-02"
        assert running.end() == 0
        assert "Traceback" not in running.said


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_run_under_way(tmp_path: Path, how: signal.Signals) -> None:
    """operations.md: within ten seconds, and its processes with it, however it ends."""
    home = tmp_path / "home"
    with up(home, tmp_path / "log") as running:
        _drop(home, "first", "v1,u,2025-03-02,10:00:00,5")
        wait_until(lambda: _runs(home), _PUBLISHED_WITHIN, "a run is under way")
        assert len(_processes(home)) > len(SERVICES)
        started = time.monotonic()
        running.process.send_signal(how)
        assert running.process.wait(30) == (-how if how == signal.SIGKILL else 0)
        wait_until(lambda: not _processes(home), 30, "all of its processes have ended")
        assert time.monotonic() - started < 10
        assert " DEBUG " not in running.said and " INFO " not in running.said


def _processes(home: Path) -> dict[int, str]:
    """All that work on a home, wherever they hang in the tree: its name is in their environment."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"LTV_HOME={home}\0".encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:  # it has ended
            continue
    return {pid: line for pid, line in found.items() if _lives(pid)}


def _runs(home: Path) -> bool:
    return any("multiprocessing.spawn" in line for line in _processes(home).values())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _lives(pid: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_many_files_at_once_are_loaded_once_each_in_few_runs(tmp_path: Path) -> None:
    """A hundred files; `make chaos-files` drops a thousand."""
    flood = flooded(tmp_path, seed=1, count=100, tell=lambda _: None)
    assert flood.loads == (100, flood.rows)
    assert (flood.rows, flood.outcome) == (300, "as undisturbed")
    assert set(flood.runs) == {"SUCCESS"} and len(flood.runs) <= 10
    assert flood.failed_ticks == []


def test_readers_see_one_state_while_a_backfill_runs(tmp_path: Path) -> None:
    """Thirty days of every table rewritten, a file loaded: the old figures, then the new ones."""
    read = read_while_backfilled(tmp_path, tell=lambda _: None)
    assert read.status == ("COMPLETED_SUCCESS", 1)
    assert set(read.runs) == {"SUCCESS"} and read.failed_ticks == []
    assert "Traceback" not in read.said and "is held by" not in read.said
    assert read.refused == []
    assert read.during >= READERS
    net, transactions, installs = read.figures[0][0].split(",")
    after = f"{float(net) + 100:.6f},{int(transactions) + 1},{installs}"
    assert read.figures == [[read.figures[0][0], after]] * READERS
