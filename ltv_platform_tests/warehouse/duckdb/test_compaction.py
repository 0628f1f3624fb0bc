"""The rewritten warehouse file: same rows in the same order, no byte of deleted ones."""

import os
from pathlib import Path

import pytest

from ltv_platform.errors import UserError
from ltv_platform_tests.testing.home import Home


def test_deleted_bytes_go_and_rows_stay_in_their_order(tmp_path: Path) -> None:
    """``raw.loads`` is read in the order of loading, so the order counts, too."""
    home = Home(tmp_path / "home", start_date="2025-12-01")
    for number in range(5):
        home.load("transactions", *(f"t{number}-{n},SECRET{n},2025-12-02,1,0" for n in range(2000)))
    with home.engine.session() as connection:
        connection.execute("DELETE FROM raw.transactions WHERE customer_id LIKE 'SECRET1%'")
        connection.execute("DELETE FROM raw.loads WHERE rowid = 2")
    path = home.settings.warehouse_path
    spill = path.with_name(path.name + ".tmp")
    spill.mkdir()
    (spill / "left").write_text("by a kill")
    sql = "SELECT * FROM raw.loads ORDER BY rowid", "SELECT * FROM raw.transactions ORDER BY rowid"
    before = [home.engine.rows(each) for each in sql], home.engine.state()
    assert b"SECRET1999" in path.read_bytes()
    path.chmod(0o640)
    sizes = home.engine.compact()
    assert sizes[1] == path.stat().st_size
    assert b"SECRET1999" not in path.read_bytes()
    assert b"SECRET0" in path.read_bytes()
    assert ([home.engine.rows(each) for each in sql], home.engine.state()) == before
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(each.name for each in path.parent.iterdir()) == [
        ".lock",
        "incoming",
        "warehouse.duckdb",
    ]


def test_a_full_disk_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both files must fit on the disk for a moment."""
    home = Home(tmp_path / "home", start_date="2025-12-01")
    home.load("transactions", "t1,c1,2025-12-02,1,0")
    inode = home.settings.warehouse_path.stat().st_ino
    genuine = os.fsync

    def full(descriptor: int) -> None:
        genuine(descriptor)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises((UserError, OSError)):
            home.engine.compact()
    assert home.settings.warehouse_path.stat().st_ino == inode
    assert home.engine.rows("SELECT COUNT(*) FROM raw.transactions") == [(1,)]
