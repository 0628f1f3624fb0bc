"""What the daily schedule does about backups."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ltv_platform.backups.keeping import back_up_if_set, last_backup, prune_backups
from ltv_platform.cli.backups import diagnose
from ltv_platform.errors import UserError
from ltv_platform.warehouse.duckdb.schema_version import newest_version
from ltv_platform_tests.backups.states import silent
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.warehouse.duckdb.old_warehouses import warehouse_of_version


def _folder(tmp_path: Path, *names: str, manifest: bool = True) -> Path:
    folder = tmp_path / "to"
    for name in names:
        (folder / name / "home").mkdir(parents=True)
        if manifest:
            (folder / name / "manifest.json").touch()
    return folder


def test_the_newest_stay(tmp_path: Path) -> None:
    """By their time and number; incomplete backups neither count nor are removed."""
    names = [
        "20251231T120000Z",
        "20260101T120000Z",
        "20260101T120000Z-2",
        "20260101T120000Z-10",
        "20260102T120000Z",
    ]
    folder = _folder(tmp_path, *names)
    _folder(tmp_path, "20260103T120000Z", "20250101T120000Z", "mine", manifest=False)
    assert [path.name for path in prune_backups(folder, 3)] == names[:2]
    assert {path.name for path in folder.iterdir()} == {
        *names[2:],
        "20260103T120000Z",
        "20250101T120000Z",
        "mine",
        ".lock",
    }
    assert prune_backups(folder, 3) == []
    assert last_backup(folder) == datetime(2026, 1, 2, 12, tzinfo=UTC)


def test_there_may_be_none(tmp_path: Path) -> None:
    assert prune_backups(tmp_path / "nowhere", 1) == []
    assert last_backup(tmp_path / "nowhere") is None
    with pytest.raises(ValueError, match="at least one"):
        prune_backups(tmp_path, 0)


def test_it_is_made_where_a_folder_is_set(home: Home, tmp_path: Path) -> None:
    """LTV_BACKUP_DIR is empty by default; LTV_BACKUPS says how many are kept."""
    assert back_up_if_set(home.engine, silent) is None
    set_up = home.under(backup_dir=tmp_path / "to", backups=2)
    made = [back_up_if_set(set_up.engine, silent) for _ in range(3)]
    assert all(made)
    assert {path.name for path in (tmp_path / "to").iterdir()} == {
        "20260115T120000Z-2",
        "20260115T120000Z-3",
        ".lock",
    }


def test_none_is_removed_where_none_can_be_made(home: Home, tmp_path: Path) -> None:
    """Then old backups are worth even more."""
    names = ["20251231T120000Z", "20260101T120000Z"]
    folder = _folder(tmp_path, *names)
    home.settings.warehouse_path.unlink()
    with pytest.raises(UserError, match="nothing to back up"):
        back_up_if_set(home.under(backup_dir=folder, backups=1).engine, silent)
    assert {path.name for path in folder.iterdir()} == set(names)


def test_the_doctor_says_how_old_the_last_one_is(home: Home, tmp_path: Path) -> None:
    """And what is wrong; the clock is at noon of 2026-01-15."""
    version = ("schema version", str(newest_version()))
    assert diagnose(home.settings) == ([version], [])
    settings = home.under(backup_dir=tmp_path / "to").settings
    rows, [problem] = diagnose(settings)
    assert rows == [version, ("last backup", "none")]
    assert "has no backup from the last two days" in problem
    _folder(tmp_path, "20260110T120000Z")
    rows, [problem] = diagnose(settings)
    assert rows[1] == ("last backup", "5 days ago")
    _folder(tmp_path, "20260115T090000Z")
    assert diagnose(settings) == ([version, ("last backup", "3 hours ago")], [])


def test_the_doctor_reads_an_old_warehouse(tmp_path: Path) -> None:
    """It says its version before it is taken over."""
    old = Home(tmp_path / "old")
    warehouse_of_version(1, old.settings.warehouse_path)
    rows, [problem] = diagnose(old.settings)
    assert rows == [("schema version", "1")]
    assert f"upgrades the warehouse to schema version {newest_version()}" in problem
    (old.settings.home / "restoring").mkdir()
    rows, [problem] = diagnose(old.settings)
    assert (rows, "is half restored" in problem) == ([], True)
