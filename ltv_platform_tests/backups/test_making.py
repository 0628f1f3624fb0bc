"""What a backup contains, and the message if none can be made."""

import errno
import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from ltv_platform.backups import making
from ltv_platform.backups.making import back_up
from ltv_platform.backups.manifest import Backup, read_backup
from ltv_platform.errors import UserError
from ltv_platform.warehouse.duckdb.schema_version import newest_version
from ltv_platform_tests.backups.states import files, silent
from ltv_platform_tests.testing.home import Home

#: Not part of a backup: Dagster's logs of steps, locks, drafts, and what was put aside.
_LEFT_OUT = (
    "dagster/storage/a_run/step.out",
    "run.lock",
    "ihc.lock",
    "spool.lock",
    "start_date.new",
    "staging_x/part.csv",
    "warehouse_x/warehouse.duckdb",
    "backups/warehouse-v1-20250101T000000Z.duckdb",
    "replaced/20250101T000000Z/start_date",
    "restoring_x/file",
    "cache/results",
    "cache/snapshot_files",
    "cache/latest",
    "published/000000-00000000/manifest.json",
    "published/latest.duckdb",
)


def test_it_holds_the_whole_state(home: Home, tmp_path: Path) -> None:
    """operations.md, Backups: everything but locks, drafts, logs and older snapshots."""
    for name in _LEFT_OUT:
        path = home.settings.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    (home.settings.landing_path / "campaigns" / "link.csv").symlink_to("/etc/hostname")
    home.engine.rows("SELECT 1")
    before = files(home.settings.home)
    made = back_up(home.engine, tmp_path / "to", silent)
    assert made == read_backup(made.path)
    assert made.path == tmp_path / "to" / "20260115T120000Z"
    kept = {name: content for name, content in before.items() if content is not None}
    for name in (*_LEFT_OUT, "landing/campaigns/link.csv"):
        kept.pop(name, None)
    stored = files(made.path / "home")
    assert {name for name, content in stored.items() if content is not None} == set(kept)
    # SQLite writes a copy of its own; all others are byte for byte what lay there.
    assert {name for name in kept if kept[name] != stored[name]} <= {
        name for name in kept if name.endswith(".db")
    }
    assert {"landing/transactions@my_shop", "landing/campaigns", "loaded"} <= set(made.folders)
    assert set(made.files) == set(kept)
    assert made.bytes == sum(len(content) for content in stored.values() if content is not None)
    assert made.schema_version == newest_version()
    assert made.snapshot is not None
    assert made.snapshot.startswith("000001-")
    assert made.rows["raw.transactions"] == 2
    assert made.rows["raw.campaigns"] == 1
    with duckdb.connect(str(made.location("warehouse.duckdb")), read_only=True) as warehouse:
        assert warehouse.execute("SELECT COUNT(*) FROM raw.customers").fetchone() == (2,)
    for name in ("history/runs.db", "schedules/schedules.db"):
        with closing(sqlite3.connect(made.location(f"dagster/{name}"))) as database:
            assert database.execute("SELECT id FROM runs").fetchall() == [(42,)]


def test_what_history_has_not_merged_yet_is_in_it(home: Home, tmp_path: Path) -> None:
    """Dagster writes ahead: a plain copy of the database would lack its last runs."""
    path = home.settings.dagster_path / "history" / "runs.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("INSERT INTO runs VALUES (43)")
        made = back_up(home.engine, tmp_path / "to", silent)
    assert {name for name in made.files if "runs.db" in name} == {"dagster/history/runs.db"}
    copy = made.location("dagster/history/runs.db")
    assert not list(copy.parent.glob("runs.db-*"))
    with closing(sqlite3.connect(copy)) as copied:
        assert copied.execute("SELECT COUNT(*) FROM runs").fetchone() == (2,)


def test_unchanged_files_are_linked(home: Home, tmp_path: Path) -> None:
    """operations.md, Backups: they use no space twice, and outlive the first backup."""
    first = back_up(home.engine, tmp_path / "to", silent)
    (home.settings.landing_path / "campaigns" / "waiting.csv").write_text("campaign_id\nc3\n")
    second = back_up(home.engine, tmp_path / "to", silent)
    assert second.path.name == "20260115T120000Z-2"
    other = {
        name for name in second.files if not first.location(name).samefile(second.location(name))
    }
    assert other == {"landing/campaigns/waiting.csv"}
    shutil.rmtree(first.path)
    _assert_whole(second)


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_nothing_is_linked_to_a_damaged_backup(home: Home, tmp_path: Path, damage: str) -> None:
    """A backup is complete by itself, whatever happened to the previous one."""
    first = back_up(home.engine, tmp_path / "to", silent)
    file = first.location("ihc_fit.json")
    if damage == "changed":
        file.write_text("[]\n")
    else:
        file.unlink()
    _assert_whole(back_up(home.engine, tmp_path / "to", silent))


def test_a_disk_without_hard_links(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then each backup has its own copies."""

    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    first, second = (back_up(home.engine, tmp_path / "to", silent) for _ in range(2))
    shutil.rmtree(first.path)
    _assert_whole(second)


def test_a_file_on_its_way_to_loaded_is_not_lost(home: Home, tmp_path: Path) -> None:
    """It is moved between the look at landing and that at loaded; what comes later is left out."""
    [(load,)] = home.engine.rows("SELECT load_id FROM raw.loads WHERE table_name = 'campaigns'")
    moved = home.settings.loaded_path / load / "moved.csv"
    later = home.settings.loaded_path / "0" / "later.csv"
    waiting = home.settings.landing_path / "campaigns" / "waiting.csv"

    def move(told: str) -> None:
        if told == "copying landing and the snapshot":
            waiting.rename(moved)
        if told == "copying loaded files":
            later.parent.mkdir()
            later.write_text("loaded after the warehouse was copied")

    made = back_up(home.engine, tmp_path / "to", move)
    assert f"loaded/{load}/moved.csv" in made.files
    assert "landing/campaigns/waiting.csv" not in made.files
    assert "loaded/0/later.csv" not in made.files


def test_a_damaged_snapshot_is_left_out(home: Home, tmp_path: Path) -> None:
    """Only the data count; `ltv run` publishes again."""
    (home.settings.published_path / "current").write_text("garbage")
    made = back_up(home.engine, tmp_path / "to", silent)
    assert made.snapshot is None
    assert not [name for name in made.files if name.startswith("published/")]
    assert "warehouse.duckdb" in made.files


@pytest.mark.parametrize("inside", ["", "backups/mine", "link"])
def test_a_folder_inside_the_home_is_refused(home: Home, tmp_path: Path, inside: str) -> None:
    """It would be lost together with LTV_HOME; a link leads there too."""
    (tmp_path / "link").symlink_to(home.settings.home / "somewhere")
    folder = tmp_path / "link" if inside == "link" else home.settings.home / inside
    with pytest.raises(UserError, match="is inside LTV_HOME"):
        back_up(home.engine, folder, silent)


def test_a_home_without_data_is_refused(home: Home, tmp_path: Path) -> None:
    """A mistyped LTV_HOME makes no empty backup that would drive out the good ones."""
    nothing = Home(tmp_path / "nothing")
    with pytest.raises(UserError, match="There is nothing to back up"):
        back_up(nothing.engine, tmp_path / "to", silent)
    assert not (tmp_path / "to").exists()


def test_a_disk_that_takes_no_more_leaves_nothing(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says so, and the previous backup stays the newest."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    first = back_up(home.engine, tmp_path / "to", silent)
    monkeypatch.setattr(making, "write_manifest", full)
    with pytest.raises(UserError, match=r"No backup was made in .*No space left on device"):
        back_up(home.engine, tmp_path / "to", silent)
    assert {path.name for path in (tmp_path / "to").iterdir()} == {first.path.name, ".lock"}


def test_the_manifest_is_readable(home: Home, tmp_path: Path) -> None:
    """By people and programs: when, by what, how many rows, which files."""
    made = back_up(home.engine, tmp_path / "to", silent)
    content = json.loads((made.path / "manifest.json").read_text("utf-8"))
    assert content["created_at"] == "2026-01-15T12:00:00+00:00"
    assert content["schema_version"] == newest_version()
    assert content["rows"]["raw.loads"] == 5
    assert content["files"]["ihc_fit.json"] == {
        "bytes": 3,
        "sha256": "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356",
    }


def _assert_whole(backup: Backup) -> None:
    again = read_backup(backup.path)
    again.check_presence()
    assert again.location("ihc_fit.json").read_text() == "{}\n"
