"""A snapshot kept open follows the pointer, and leaves questions under way alone."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from ltv_platform.errors import UserError
from ltv_platform.published.current import SnapshotError
from ltv_platform.published.live import LiveSnapshot, Reading
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.small_home import SETTINGS, filled

COUNT = "SELECT COUNT(*) FROM customers"
ENDLESS = "SELECT SUM(a.range * b.range) FROM range(10000000) AS a, range(10000000) AS b"


def test_the_next_question_reads_the_next_snapshot(tmp_path: Path) -> None:
    """While one that has begun keeps its own, until it ends."""
    home = filled(tmp_path)
    home.publish()
    live = LiveSnapshot(home.settings)
    with live.reading() as before:
        home.load("customers", "c,2025-04-06 10:00:00,FR,,")
        home.publish()
        with live.reading() as after:
            assert after.connection.execute(COUNT).fetchall() == [(3,)]
        assert before.connection.execute(COUNT).fetchall() == [(2,)]
    assert before.snapshot.path != after.snapshot.path
    live.close()


def test_in_the_background_no_question_waits(tmp_path: Path) -> None:
    """Until the next snapshot is prepared, questions read the last one; a damaged one is left."""
    home = filled(tmp_path)
    live = LiveSnapshot(home.settings)
    prepared: list[str] = []
    may_go_on = threading.Event()

    def prepare(reading: Reading) -> None:
        reading.connection.execute("CREATE TABLE kept AS FROM customers")
        prepared.append(reading.snapshot.path.name)
        assert may_go_on.wait(20)

    live.prepare(prepare)
    may_go_on.set()
    with live.following():
        first = home.publish()
        with live.reading() as reading:
            assert reading.connection.execute("FROM kept").fetchall()
        may_go_on.clear()
        home.load("customers", "c,2025-04-06 10:00:00,FR,,")
        second = home.publish()
        _until(lambda: second.path.name in prepared)
        with live.reading() as reading:
            assert reading.snapshot.path == first.path
        may_go_on.set()

        def count() -> object:
            with live.reading() as reading:
                return reading.connection.execute(COUNT).fetchall()

        _until(lambda: count() == [(3,)])
        (home.settings.published_path / "current").write_text("000009-00000000\n")
        time.sleep(1.2)
        assert count() == [(3,)]
    with pytest.raises(UserError, match="cannot be read"), live.reading():
        pass
    live.close()


def _until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_nothing_published_is_said(tmp_path: Path) -> None:
    """As by every other reader; the first publication is then found."""
    home = Home(tmp_path, **SETTINGS)
    live = LiveSnapshot(home.settings)
    with pytest.raises(UserError, match="Nothing is published"), live.reading():
        pass
    home.publish()
    with live.reading() as reading:
        assert reading.connection.execute(COUNT).fetchall() == [(0,)]


def test_a_column_of_another_version_is_named(tmp_path: Path) -> None:
    """A snapshot made under other settings lacks columns that a question may need."""
    home = filled(tmp_path)
    home.publish()
    live = LiveSnapshot(home.under(horizons=(1, 7, 30)).settings)
    with pytest.raises(UserError, match="has no revenue_d30"), live.reading() as reading:
        reading.connection.execute("SELECT revenue_d30 FROM campaign_roas")


def test_damage_of_an_open_snapshot_is_said(tmp_path: Path) -> None:
    """Regression: the engine's own error came out. The next publication is read again."""
    home = filled(tmp_path)
    path = home.publish().path / "customers.parquet"
    live = LiveSnapshot(home.settings)
    with live.reading() as reading:
        assert reading.snapshot.files("customers") == [str(path)]
    path.chmod(0o600)
    path.write_bytes(b"nothing")
    with pytest.raises(SnapshotError, match="cannot be read") as error, live.reading() as reading:
        reading.connection.execute("SELECT MAX(customer_id) FROM customers").fetchall()
    assert "Run `ltv run` to publish it again" in str(error.value)
    home.publish()
    with live.reading() as reading:
        assert reading.connection.execute(COUNT).fetchall() == [(2,)]
    live.close()


def test_an_error_of_a_query_is_not_damage(tmp_path: Path) -> None:
    """It is a bug, and says so."""
    home = filled(tmp_path)
    home.publish()
    live = LiveSnapshot(home.settings)
    with pytest.raises(duckdb.ConversionException), live.reading() as reading:
        reading.connection.execute("SELECT CAST('a' AS INTEGER)").fetchall()
    live.close()


def test_questions_that_still_run_are_interrupted(tmp_path: Path) -> None:
    """Otherwise a server that ends while one runs would be aborted, or wait for it."""
    home = filled(tmp_path)
    home.publish()
    live = LiveSnapshot(home.settings)
    reading, ended = threading.Event(), []

    def ask() -> None:
        with live.reading() as long:
            reading.set()
            try:
                long.connection.execute(
                    "SELECT COUNT(*) FROM range(10000000) AS a, range(10000000) AS b"
                )
            except duckdb.InterruptException:
                ended.append(time.monotonic())

    thread = threading.Thread(target=ask)
    thread.start()
    assert reading.wait(10)
    live.interrupt()
    assert time.monotonic() - ended[0] < 5
    thread.join()
    live.close()
    live.interrupt()  # nothing runs
