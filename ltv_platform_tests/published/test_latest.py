"""``published/latest.duckdb`` and ``ltv_platform.query``: access for BI tools and notebooks."""

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest

import ltv_platform
from ltv_platform.errors import UserError
from ltv_platform.published import snapshot
from ltv_platform.published.current import require_snapshot
from ltv_platform.published.latest import keep_latest, latest_path
from ltv_platform.published.query import query
from ltv_platform_tests.testing.home import Home


def _open(home: Home) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(latest_path(home.settings)), read_only=True)


def test_any_tool_reads_it_by_plain_names(published: Home) -> None:
    """Every published table, with what it is; the file is read-only."""
    path = latest_path(published.settings)
    assert path.stat().st_mode & 0o222 == 0
    with _open(published) as connection:
        views = dict(
            connection.execute(
                "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal"
            ).fetchall()
        )
        assert set(views) == set(require_snapshot(published.settings).manifest["tables"])
        assert "One row per customer" in views["customers"]
        rows = connection.execute("FROM campaign_roas").fetchall()
    assert rows == query(published.settings, "FROM campaign_roas")[1]


def test_it_is_replaced_and_who_has_it_open_reads_on(home: Home) -> None:
    """An open connection keeps its snapshot, which is not pruned so soon; others see the new."""
    few = home.under(snapshots=1)
    before = _open(few)
    count = "SELECT COUNT(*) FROM interactions"
    old = before.execute(count).fetchall()
    few.load("customer_interactions", "late,a,2025-04-12 11:00:00,login")
    few.publish()
    assert before.execute(count).fetchall() == old
    path = latest_path(few.settings)
    # A process shares one database among its connections to a path.
    code = f"import duckdb; print(duckdb.connect({str(path)!r}, read_only=True).sql({count!r}))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert str(old[0][0] + 1) in other.stdout
    before.close()
    with _open(few) as after:
        assert after.execute(count).fetchall() == [(old[0][0] + 1,)]


def test_a_home_that_was_moved_has_it_right_after_the_next_run(home: Home, tmp_path: Path) -> None:
    """Its paths are absolute; so it is where the file was deleted."""
    moved = tmp_path / "elsewhere"
    shutil.move(home.settings.home, moved)
    there = Home(moved, **home.settings.model_dump(exclude={"home"}, exclude_unset=True))
    for _ in range(2):
        keep_latest(there.settings)
        with _open(there) as connection:
            assert connection.execute("SELECT COUNT(*) FROM customers").fetchall() == [(2,)]
        latest_path(there.settings).unlink()


def test_it_is_written_once(home: Home) -> None:
    """A run with nothing to do leaves it alone."""
    home.publish()
    before = latest_path(home.settings).stat()
    keep_latest(home.settings)
    assert latest_path(home.settings).stat().st_ino == before.st_ino
    snapshot.publish(home.engine, home.graph)
    assert latest_path(home.settings).stat().st_ino != before.st_ino


def test_a_notebook_gets_numbers(published: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not objects that pandas cannot add up; the same gate as of `ltv query`."""
    monkeypatch.setenv("LTV_HOME", str(published.settings.home))
    frame = ltv_platform.query(
        "SELECT amount, is_refund, event_date, NULLIF(amount, amount) AS nothing, "
        "count(*) OVER () AS n FROM transactions WHERE customer_id = $customer",
        {"customer": "a"},
    )
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) > 0
    for column in ("amount", "nothing", "n"):
        assert pd.api.types.is_numeric_dtype(frame[column])
    assert pd.api.types.is_bool_dtype(frame["is_refund"])
    assert pd.api.types.is_datetime64_any_dtype(frame["event_date"])
    with pytest.raises(UserError, match="exactly one SELECT"):
        ltv_platform.query("DROP VIEW customers")
    with pytest.raises(UserError, match="custmers"):
        ltv_platform.query("FROM custmers")
