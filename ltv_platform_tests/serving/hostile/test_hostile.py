"""Hostile requests to a real server: refused with a message, and nothing else happens."""

import hashlib
import json
import re
import shutil
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ltv_platform_tests.serving.hostile import watched
from ltv_platform_tests.serving.hostile.canary import Canary
from ltv_platform_tests.serving.hostile.inputs import FAMILIES, SLOW
from ltv_platform_tests.serving.hostile.inputs.model import Hostile
from ltv_platform_tests.serving.hostile.verdicts import fault_of
from ltv_platform_tests.serving.hostile.wire import PATIENCE, exchange
from ltv_platform_tests.serving.server_process import ServerProcess, server_process
from ltv_platform_tests.testing import ROOT
from ltv_platform_tests.testing.forked import SAMPLE_NOW
from ltv_platform_tests.testing.home import Home

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watches files with inotify")

#: Folders that the server may write to.
_WRITABLE = ("cache", "spool")
#: MiB that all of it may add to the memory of the server: a body of events and its rows, several
#: at a time, but no 50 MB and no gigabyte.
_MOST_MEMORY = 400
#: A line of the log: a time, a level, a message; or, at the start, what people are told.
_LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARNING|ERROR) [ -~…]*")
_TOLD = re.compile(r"Serving .*|  [A-Z][a-z].*|No token .*|The figures .*")


class Target:
    """The server under attack, and what was true of it before.

    Args:
        server: The server.
        home: Its LTV_HOME.
        canary: Files that it must not touch.
        events: What `watched` writes.
    """

    def __init__(self, server: ServerProcess, home: Path, canary: Canary, events: Path) -> None:
        self.server, self.home, self.canary = server, home, canary
        self._events = events
        self.get("/v0/pipes/customer_ltv.json")
        self._seen = len(events.read_text())
        self._files = self._digests()
        self.memory_before = self.memory

    @property
    def memory(self) -> int:
        """The most memory that the server has had, in MiB."""
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found
        return int(found[1]) >> 10

    def get(self, path: str) -> Any:
        """The JSON of a path."""
        with urllib.request.urlopen(self.server.address + path, timeout=PATIENCE) as answer:
            return json.load(answer)

    def fault(self, hostile: Hostile) -> str:
        """What a hostile input does that it must not; empty: nothing."""
        try:
            reply = exchange(
                self.server.port,
                hostile.parts(),
                pause=hostile.pause,
                half_close=hostile.half_close,
                to_the_end=hostile.to_the_end,
            )
        except TimeoutError:
            return f"{hostile.what}: no answer"
        found = fault_of(hostile, reply) or self._sick()
        return f"{hostile.what}: {found}" if found else ""

    def _sick(self) -> str:
        if touched := self.canary.touched():
            return f"touches {touched}"
        try:
            return "" if self.get("/healthz") == {"status": "up"} else "not healthy"
        except OSError as error:
            return f"not healthy: {error}"

    def changed_files(self) -> list[str]:
        """Files of LTV_HOME that are not as before, but for those that the server writes."""
        before, after = self._files, self._digests()
        return sorted(
            name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
        )

    def events(self) -> list[tuple[str, str]]:
        """What `watched` has seen since the start: name of the event, and what it is about."""
        lines = self._events.read_text()[self._seen :].splitlines()
        return [(name, about) for name, _, about in (line.partition("\t") for line in lines)]

    def _digests(self) -> dict[str, str]:
        home = self.home
        return {
            str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in home.rglob("*")
            if path.is_file() and path.relative_to(home).parts[0] not in _WRITABLE
        }


@pytest.fixture(scope="module")
def target(published_sample: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server on a copy of the bundled sample."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "canary").mkdir()
    shutil.copytree(published_sample.settings.home, folder / "home")
    canary = Canary(folder / "canary")
    with server_process(
        folder / "home",
        "--access-log",
        module=watched.__name__,
        now=SAMPLE_NOW,
        serve_request_timeout="3",
        test_watch=str(folder / "events"),
    ) as server:
        yield Target(server, folder / "home", canary, folder / "events")
    canary.close()


def test_there_are_300_inputs(tmp_path: Path) -> None:
    """All of them different."""
    inputs = [one for family in (*FAMILIES.values(), SLOW) for one in family(tmp_path)]
    assert len(inputs) >= 300
    assert len({one.what for one in inputs}) == len(inputs)


@pytest.mark.parametrize("family", FAMILIES)
def test_hostile_requests_are_refused(target: Target, family: str) -> None:
    """Each with a message; the server is healthy after each."""
    inputs = FAMILIES[family](target.canary.folder)
    assert [fault for one in inputs if (fault := target.fault(one))] == []


def test_slow_clients_are_closed(target: Target) -> None:
    """All at once; others are answered meanwhile."""
    inputs = list(SLOW(target.canary.folder))
    with ThreadPoolExecutor(len(inputs)) as pool:
        assert list(filter(None, pool.map(target.fault, inputs))) == []


def test_afterwards_nothing_has_changed(target: Target) -> None:
    """No file of LTV_HOME but those of events; the figures are the same."""
    assert target.changed_files() == []


def test_afterwards_no_file_elsewhere_was_opened(target: Target) -> None:
    """By Python: files of the packages, of LTV_HOME, of this process; no program, no network."""
    allowed = (
        str(target.home),
        str(ROOT / "ltv_platform"),
        sys.prefix,
        sys.base_prefix,
        "/proc/self/",
        f"/proc/{target.server.process.pid}/",
        "/usr/share/zoneinfo",
        "/etc/mime.types",  # of Python's own module
        *([sys.pycache_prefix] if sys.pycache_prefix else []),
    )
    opened = {about.strip("'") for name, about in target.events() if name == "open"}
    assert {path for path in opened if not path.startswith(allowed) and "/" in path} == set()
    others = {name for name, _ in target.events()} - {"open", "os.listdir", "os.scandir"}
    assert others <= {"os.mkdir", "os.rename", "os.remove"}


def test_afterwards_the_log_has_no_traceback(target: Target) -> None:
    """Each line is one of ours: nobody writes lines of their own."""
    lines = target.server.said.splitlines()
    assert [line for line in lines if not _LOGGED.fullmatch(line) and not _TOLD.match(line)] == []
    assert [line for line in lines if " ERROR " in line] == []


def test_afterwards_the_memory_is_bounded(target: Target) -> None:
    """50 MB bodies and gzip bombs are not kept."""
    assert target.memory - target.memory_before < _MOST_MEMORY
