"""What the tests of hostile requests see with: each of these notices what it is there for."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ltv_platform_tests.serving.hostile.canary import Canary
from ltv_platform_tests.serving.hostile.inputs.model import Hostile, Verdict
from ltv_platform_tests.serving.hostile.verdicts import fault_of, page_fault
from ltv_platform_tests.serving.hostile.wire import Reply

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watches files with inotify")
_ERROR = b'{"error": "There is no pipe."}'
_JSON = {"content-type": "application/json"}


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    """A canary."""
    canary = Canary(tmp_path)
    yield canary
    canary.close()


def test_the_canary_notices_what_duckdb_reads_and_writes(canary: Canary) -> None:
    """A file that is only named is not touched."""
    path = canary.folder / "secret.csv"
    assert path.exists()
    assert canary.touched() == []
    duckdb.execute("SELECT * FROM read_csv(?)", [str(path)]).fetchall()
    assert "secret.csv" in canary.touched()
    duckdb.sql(f"COPY (SELECT 1) TO '{canary.folder / 'made.csv'}'")
    assert any("made.csv" in name for name in canary.touched())


def test_the_watch_notices_what_python_opens(tmp_path: Path) -> None:
    """The command line is the same otherwise."""
    events = tmp_path / "events"
    finished = subprocess.run(
        [sys.executable, "-m", "ltv_platform_tests.serving.hostile.watched", "--help"],
        env={"PATH": "", "LTV_TEST_WATCH": str(events), "LTV_HOME": str(tmp_path)},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "serve" in finished.stdout
    assert "open\t" in events.read_text()


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<script src="//evil.example/x.js"></script>',
        "<img src=x>",
        "<td onclick='alert(1)'>",
        '<a href="java\nscript:alert(1)">',
        '<a href="//evil.example">',
        "<svg><animate onbegin=alert(1)>",
    ],
)
def test_pages_with_something_foreign_are_found(html: str) -> None:
    """As they would be without escaping."""
    assert page_fault(f"<main>{html}</main>")


def test_pages_of_ours_have_nothing_foreign() -> None:
    """Escaped text, our own script, links within the dashboard."""
    html = '<script src="/page.js"></script><a href="campaigns?a=1">&lt;script&gt;</a>'
    assert page_fault(html) == ""


@pytest.mark.parametrize(
    ("verdict", "reply"),
    [
        (Verdict.REFUSED, Reply(200, _JSON, b"{}")),
        (Verdict.REFUSED, Reply(500, _JSON, _ERROR)),
        (Verdict.REFUSED, Reply(0)),
        (Verdict.REFUSED, Reply(404, _JSON, b"Not found")),
        (Verdict.REFUSED, Reply(404, _JSON, b'{"error": "a\\u0000b is unknown"}')),
        (Verdict.REFUSED, Reply(404, {**_JSON, "x-injected": "yes"}, _ERROR)),
        (Verdict.REFUSED, Reply(404, _JSON, b'{"error": "the-canary-was-read"}')),
        (Verdict.CLOSED, Reply(503, _JSON, _ERROR)),
        (Verdict.EMPTY, Reply(200, _JSON, b'{"data": [{"a": 1}]}')),
        (Verdict.EMPTY, Reply(200, {"content-type": "text/csv"}, b"a,b\n1,2\n")),
        (Verdict.QUARANTINED, Reply(200, _JSON, b'{"successful_rows": 1}')),
        (Verdict.PAGE, Reply(200, {"content-type": "text/html"}, b"<img src=x>")),
    ],
)
def test_bad_answers_are_found(verdict: Verdict, reply: Reply) -> None:
    """One for each thing that an answer must not be."""
    assert fault_of(Hostile("it", lambda: (), verdict), reply)


def test_good_answers_are_not_faults() -> None:
    """A refusal with its message; an answer without rows."""
    refused = Hostile("it", lambda: ())
    assert fault_of(refused, Reply(404, _JSON, _ERROR)) == ""
    empty = Hostile("it", lambda: (), Verdict.EMPTY)
    assert fault_of(empty, Reply(200, _JSON, b'{"data": []}')) == ""
    assert fault_of(empty, Reply(404, _JSON, _ERROR)) == ""
