"""A snapshot kept open follows the pointer, and leaves questions under way alone."""

from pathlib import Path

import duckdb
import pytest

from ltv_platform.errors import UserError
from ltv_platform.published.current import SnapshotError
from ltv_platform.published.live import LiveSnapshot
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.small_home import SETTINGS, filled

COUNT = "SELECT COUNT(*) FROM customers"


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
