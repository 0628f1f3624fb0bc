"""An erasure that was killed, or cannot continue, is finished by the same call."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ltv_platform.erasure import history
from ltv_platform.erasure.erase import erase
from ltv_platform.errors import UserError
from ltv_platform_tests.erasure.killed import POINTS, kill_while_erasing
from ltv_platform_tests.erasure.worlds import (
    ADA,
    drop_files,
    erased,
    hers_in,
    is_not_hers,
    loaded,
    looked_for,
)
from ltv_platform_tests.testing.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A published home, with files that wait."""
    home = loaded(tmp_path / "home")
    home.publish()
    drop_files(home.settings.home)
    return home


def test_killed_at_every_point(home: Home, tmp_path: Path) -> None:
    """docs/operations.md: whatever is killed, the same command continues from there.

    The names of sessions and transactions, of which nothing but the list knows any more, are
    still looked for: they were written down.
    """
    folder = home.settings.home
    history_file = folder / "dagster" / "logs" / "a.out"
    history_file.parent.mkdir(parents=True)
    history_file.write_text("tx-ada-1 is odd\n")
    kill_while_erasing(folder, POINTS[:7])
    assert "tx-ada-1" in history_file.read_text()
    kill_while_erasing(folder, POINTS[7:])
    assert (folder / "erasure.json").exists()
    assert looked_for(home).is_known
    erased(home)
    assert hers_in(folder) == {}
    assert history_file.read_text() == "(erased) is odd\n"
    names = {path.name for path in folder.iterdir()}
    kept = {"cache", "dagster", "erasure.key", "landing", "loaded", "published"}
    assert names == {*kept, ".lock", "warehouse.duckdb"}
    assert not list(folder.rglob("*.part"))
    fresh = loaded(tmp_path / "fresh", is_not_hers)
    fresh.publish()
    assert home.tables() == fresh.tables()


def test_figures_that_cannot_be_rebuilt_hold_back_nothing_else(home: Home) -> None:
    """Her rows are gone from the file anyway; the snapshot waits for the next call."""

    def refresh() -> None:
        raise UserError("A check fails.", "Fix it.")

    with pytest.raises(UserError, match="A check fails"):
        erase(home.engine, looked_for(home), refresh, lambda _: None)
    found = hers_in(home.settings.home)
    assert {name.split("/")[0] for name in found} == {"published", "erasure.json"}
    assert home.settings.erasure_journal_path.stat().st_mode & 0o777 == 0o600
    erased(home)
    assert hers_in(home.settings.home) == {}


def test_another_person_takes_the_unfinished_one_along(home: Home) -> None:
    """Whoever comes next finishes what was recorded."""
    printed = home.settings.dagster_path / "a.out"
    printed.parent.mkdir(parents=True)
    printed.write_text("tx-ada-49 is odd\n")
    kill_while_erasing(home.settings.home, POINTS[6:7])
    erased(home, "carl")
    assert hers_in(home.settings.home) == {}
    left = home.engine.rows("SELECT DISTINCT customer_id FROM raw.transactions ORDER BY 1")
    assert left == [("ada.l2",), ("bob, jr",)]


def test_a_history_in_use_is_left_for_the_next_call(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything else is done, and the message says what to end."""
    monkeypatch.setattr(history, "_PATIENCE", 0.1)
    path = home.settings.dagster_path / "history" / "index.db"
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE event_logs (id INTEGER, event TEXT)")
        writer.execute(f"""INSERT INTO event_logs VALUES (1, '{{"message": "{ADA}"}}')""")
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(UserError, match="is in use by another process"):
            erased(home)
    found = hers_in(home.settings.home)
    assert {name.split("/")[0] for name in found} == {"dagster", "erasure.json"}
    erased(home)
    assert hers_in(home.settings.home) == {}
