"""A restore returns an LTV_HOME to its earlier state, or says why it cannot."""

import errno
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ltv_platform.backups import restoring
from ltv_platform.backups.making import back_up
from ltv_platform.backups.manifest import Backup, read_backup, write_manifest
from ltv_platform.backups.restoring import restore
from ltv_platform.errors import UserError
from ltv_platform.published.latest import keep_latest
from ltv_platform_tests.backups.states import all_rows, files, silent
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.small_home import SETTINGS, is_stale


@pytest.fixture
def backup(home: Home, tmp_path: Path) -> Backup:
    """A backup of the home."""
    return back_up(home.engine, tmp_path / "to", silent)


@pytest.fixture
def empty(tmp_path: Path) -> Home:
    """A home where nothing is."""
    return Home(tmp_path / "elsewhere", **SETTINGS)


def test_every_figure_is_that_of_before(home: Home, backup: Backup, empty: Home) -> None:
    """operations.md, Backups: all tables in their order, all files, and nothing is stale."""
    restored = restore(empty.settings, backup.path, silent)
    assert (restored.backup, restored.aside, restored.continued) == (backup.path, None, False)
    assert all_rows(empty) == all_rows(home)
    assert empty.plan().assets == ()
    assert not is_stale(empty)
    keep_latest(empty.settings)  # as the command does
    held = dict(files(home.settings.home))
    logs = [name for name in held if name.startswith("dagster/storage")]
    for name in logs:
        del held[name]
    assert set(files(empty.settings.home)) == set(held)


def test_it_goes_on_as_if_nothing_had_happened(home: Home, backup: Backup, empty: Home) -> None:
    """What is loaded into the restored home gives the figures that it gives in the first one."""
    restore(empty.settings, backup.path.parent, silent)
    for each in (home, empty):
        each.load("transactions", "t3,b,2025-04-06 11:00:00,30,0", "t1,a,2025-03-01 11:00:00,7,0")
        each.publish()
    assert empty.tables() == home.tables()
    assert empty.engine.rows("SELECT SUM(amount) FROM core.transactions") == [(40,)]


def test_data_is_not_overwritten(home: Home, backup: Backup) -> None:
    """Neither a warehouse nor a file that waits."""
    before = dict(files(home.settings.home))
    with pytest.raises(UserError, match="contains data") as caught:
        restore(home.settings, backup.path, silent)
    assert "--overwrite" in caught.value.hint
    home.settings.warehouse_path.unlink()
    del before["warehouse.duckdb"]
    with pytest.raises(UserError, match="contains data"):
        restore(home.settings, backup.path, silent)
    assert files(home.settings.home) == before


def test_a_home_without_data_is_restored_into(home: Home, backup: Backup, empty: Home) -> None:
    """Commands and the UI have made folders there already."""
    (empty.settings.landing_path / "customers").mkdir(parents=True)
    empty.settings.dagster_path.mkdir()
    (empty.settings.dagster_path / "dagster.yaml").write_text("mine: yes\n")
    restored = restore(empty.settings, backup.path, silent)
    assert all_rows(empty) == all_rows(home)
    assert restored.aside is not None
    assert (restored.aside / "dagster" / "dagster.yaml").read_text() == "mine: yes\n"


def test_what_was_there_is_put_aside(home: Home, backup: Backup) -> None:
    """Nothing in it is deleted, and the message can say where it is."""
    home.load("transactions", "t3,b,2025-04-06 11:00:00,30,0")
    home.settings.warehouse_path.with_name("warehouse.duckdb.wal").write_bytes(b"of the old one")
    wanted = files(home.settings.home)
    restored = restore(home.settings, backup.path, silent, overwrite=True)
    assert restored.aside == home.settings.home / "replaced" / "20260115T120000Z"
    assert files(restored.aside) == wanted
    assert home.engine.rows("SELECT COUNT(*) FROM raw.transactions") == [(2,)]
    again = restore(home.settings, backup.path, silent, overwrite=True)
    assert again.aside == restored.aside, "under a fixed clock it is the same second"
    assert home.engine.rows("SELECT COUNT(*) FROM raw.transactions") == [(2,)]
    old = Home(restored.aside, **SETTINGS)
    (restored.aside / "warehouse.duckdb.wal").unlink()
    assert old.engine.rows("SELECT COUNT(*) FROM raw.transactions") == [(2,)]


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-2])


def _change_a_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "damage", "words"),
    [
        ("home/warehouse.duckdb", _cut, "warehouse.duckdb has .* bytes instead of"),
        ("home/warehouse.duckdb", _change_a_byte, "warehouse.duckdb does not match the bytes"),
        ("home/published/current", _change_a_byte, "published/current does not match the bytes"),
        ("home/landing/campaigns/waiting.csv", Path.unlink, "landing/campaigns/waiting.csv is"),
        ("manifest.json", Path.unlink, "it has no manifest.json"),
        ("manifest.json", _cut, "its manifest.json cannot be read"),
        ("manifest.json", _change_a_byte, "its manifest.json cannot be read"),
        ("manifest.json", lambda p: p.write_text("[]"), "its manifest.json cannot be read"),
    ],
)
def test_damage_is_said(
    backup: Backup, empty: Home, name: str, damage: Callable[[Path], object], words: str
) -> None:
    """Damage is reported with an older backup to use; nothing from it enters LTV_HOME."""
    older = shutil.copytree(backup.path, backup.path.with_name("20260101T000000Z"))
    damage(backup.path / name)
    for folder in (backup.path, backup.path.parent):
        with pytest.raises(UserError, match=rf"The backup .* is damaged: {words}") as caught:
            restore(empty.settings, folder, silent)
        assert f"such as {older}" in caught.value.hint
    assert files(empty.settings.home) == {}
    restore(empty.settings, older, silent)


def test_many_damaged_files_are_counted(backup: Backup, empty: Home) -> None:
    """Three are named."""
    for file in (backup.path / "home" / "published").rglob("*.parquet"):
        file.unlink()
    with pytest.raises(UserError, match=r"parquet is missing; .*; and \d+ more") as caught:
        restore(empty.settings, backup.path, silent)
    assert caught.value.message.count("is missing") == 3
    assert caught.value.hint == "There are no other backups in its folder."


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "landing/../../outside"])
def test_a_manifest_leads_nowhere_else(backup: Backup, empty: Home, name: str) -> None:
    """Files are written below LTV_HOME only."""
    some = next(iter(backup.files.values()))
    lying = Backup(**{**vars(backup), "files": {**backup.files, name: some}})
    write_manifest(lying, backup.path)
    with pytest.raises(UserError, match="names files outside the backup"):
        restore(empty.settings, backup.path, silent)


def test_a_backup_of_a_newer_release_is_refused(backup: Backup, empty: Home) -> None:
    """The message names the release that can restore it."""
    newer = Backup(**{**vars(backup), "schema_version": 9, "version": "7.0"})
    write_manifest(newer, backup.path)
    with pytest.raises(UserError, match=r"has schema version 9; this release supports .* up to \d"):
        restore(empty.settings, backup.path, silent)
    content = json.loads((backup.path / "manifest.json").read_text())
    assert content["version"] == "7.0"


def test_a_folder_without_backups(empty: Home, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="contains no backup"):
        restore(empty.settings, tmp_path / "nowhere", silent)


def test_no_room_is_said_before_anything_is_copied(
    backup: Backup, empty: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where the disk fills up on the way, nothing is left over."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(restoring, "sha256", full)
        with pytest.raises(UserError, match=r"was not restored: .*No space left on device"):
            restore(empty.settings, backup.path, silent)
    assert files(empty.settings.home) == {}
    usage = shutil.disk_usage(empty.settings.home)._replace(free=10_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(UserError, match="has only 10,000"):
        restore(empty.settings, backup.path, silent)


def test_it_waits_for_whoever_holds_the_warehouse(home: Home, backup: Backup) -> None:
    """A load under way is not pulled from under; the restore gives up after LTV_LOCK_TIMEOUT."""
    hold = (
        "import duckdb, sys; kept = duckdb.connect(sys.argv[1]); print(flush=True); "
        "sys.stdin.read()"
    )
    path = str(home.settings.warehouse_path)
    before = files(home.settings.home)
    impatient = home.under(lock_timeout=0.3)
    with subprocess.Popen(
        [sys.executable, "-c", hold, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(UserError, match="is held by another process"):
            restore(impatient.settings, backup.path, silent, overwrite=True)
        holder.communicate()
    after = files(home.settings.home)
    after.pop("warehouse.duckdb.wal", None)  # type: ignore[attr-defined]
    assert after == before
    assert restore(impatient.settings, backup.path, silent, overwrite=True).aside is not None


def test_a_mounted_landing_is_emptied_and_filled(
    home: Home, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is a separate disk cannot be renamed, nor can files be renamed out of it."""
    landing, rename = home.settings.landing_path, Path.rename

    def as_if_mounted(source: Path, target: Path) -> Path:
        if landing in (source, Path(target)):
            raise OSError(errno.EBUSY, "Device or resource busy")
        if source.is_relative_to(landing) != Path(target).is_relative_to(landing):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", as_if_mounted)
    monkeypatch.setattr("os.path.ismount", lambda path: Path(path) == landing)
    before = files(landing)
    inode = landing.stat().st_ino
    (landing / "campaigns" / "later.csv").write_text("campaign_id\nc9\n")
    restored = restore(home.settings, backup.path, silent, overwrite=True)
    assert files(landing) == before
    assert landing.stat().st_ino == inode
    assert restored.aside is not None
    assert (restored.aside / "landing" / "campaigns" / "later.csv").exists()


def test_nobody_works_on_half_a_home(
    home: Home, backup: Backup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the restore was run again, whether the disk with the backup is at hand or not."""
    rename, moved = Path.rename, 0

    def fail(source: Path, target: Path) -> Path:
        nonlocal moved
        moved += 1
        if moved == 4:
            raise OSError(errno.EIO, "Input/output error")
        return rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", fail)
        with pytest.raises(UserError, match=r"is half restored: .*Input/output error"):
            restore(home.settings, backup.path, silent, overwrite=True)
    with pytest.raises(UserError, match="is half restored"):
        home.engine.rows("SELECT 1")
    with pytest.raises(UserError):
        back_up(home.engine, tmp_path / "to", silent)
    gone = tmp_path / "gone"
    backup.path.parent.rename(gone)
    restored = restore(home.settings, backup.path.parent, silent)
    assert (restored.backup, restored.continued) == (backup.path, True)
    assert all_rows(home)["raw.transactions"]
    assert read_backup(gone / backup.path.name).files == backup.files
