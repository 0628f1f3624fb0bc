"""The schema version of a warehouse, and what happens to an older or a newer one."""

import dataclasses
import errno
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ltv_platform.contracts import Catalog, Column
from ltv_platform.contracts.ddl import column_list
from ltv_platform.contracts.operations import LOADS
from ltv_platform.errors import UserError
from ltv_platform.warehouse.duckdb import schema_version
from ltv_platform.warehouse.duckdb.database_copy import copy_database
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine
from ltv_platform.warehouse.duckdb.schema_version import (
    MIGRATIONS,
    Migration,
    newest_version,
    version_on_disk,
)
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.warehouse.duckdb.old_warehouses import (
    SETTINGS,
    loaded,
    script_of,
    warehouse_of_version,
)

#: The schema version of this release.
NOW = newest_version()

#: A migration as a release may bring it: the contract has the column in the middle.
ADD_VIA = Migration(
    "Loads say which way they came.",
    (
        "ALTER TABLE raw.loads ADD COLUMN via VARCHAR DEFAULT 'file'",
        "ALTER TABLE raw.loads ALTER COLUMN via SET NOT NULL",
    ),
)
_VIA = Column("via", "VARCHAR", "Which way it came.", required=True)
_LOADS_WITH_VIA = dataclasses.replace(LOADS, columns=(LOADS.columns[0], _VIA, *LOADS.columns[1:]))


@pytest.fixture
def old(tmp_path: Path) -> Home:
    """A home with the warehouse of version 1, made by the release of that time."""
    home = Home(tmp_path / "old", **SETTINGS)
    warehouse_of_version(1, home.settings.warehouse_path)
    return home


def upgraded(home: Home, *migrations: Migration) -> DuckDBEngine:
    """The engine of a release with these migrations; the first adds ``via``."""
    tables = (_LOADS_WITH_VIA if t.name == "loads" else t for t in home.graph.catalog)
    catalog = Catalog(home.graph.catalog.sources.values(), tables)
    return DuckDBEngine(home.settings, catalog, migrations=(*MIGRATIONS, *migrations))


def raw_rows(engine: DuckDBEngine) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of everything that cannot be made again, in their order; touched days have none.

    Without what the release of version 1 did not keep.
    """
    order = dict.fromkeys([*engine.catalog.sources, "quarantine", "loads"], "rowid")
    order["touched"] = "ALL"
    return {
        name: engine.rows(
            f"SELECT {column_list(_of_version_1(engine, name))} FROM raw.{name} ORDER BY {by}"
        )
        for name, by in order.items()
    }


def _of_version_1(engine: DuckDBEngine, name: str) -> tuple[str, ...]:
    columns = (column.name for column in engine.catalog[f"raw.{name}"].columns)
    return tuple(column for column in columns if column not in {"content_hash", "row_key"})


def test_the_script_is_the_warehouse(old: Home) -> None:
    """What people review in scripts/version_1.sql is all that the warehouse holds."""
    script = (Path(__file__).parent / "scripts" / "version_1.sql").read_text("utf-8")
    head = "".join(line for line in script.splitlines(keepends=True) if line.startswith("--"))
    assert script == head + script_of(old.settings.warehouse_path)


def test_a_warehouse_without_a_version_is_taken_over(old: Home, tmp_path: Path) -> None:
    """operations.md, Upgrading: nothing is lost, and the figures are those of a fresh home."""
    fresh = loaded(tmp_path / "fresh")
    assert version_on_disk(old.settings) == 1
    assert raw_rows(old.engine) == raw_rows(fresh.engine)
    assert old.engine.rows("SELECT version, CAST(since AS VARCHAR) FROM raw.warehouse_version") == [
        (version, "2026-01-04 12:00:00") for version in range(2, NOW + 1)
    ]
    old.publish()
    fresh.publish()
    tables = fresh.tables()
    assert old.tables() == tables
    net = "SELECT SUM(CASE WHEN is_refund THEN -amount ELSE amount END) FROM core.transactions"
    assert old.engine.rows(net) == [(9,)]  # 6, corrected from 5; 3.5 less a refund of .5
    customers = "SELECT * FROM customer_ltv ORDER BY customer_id"
    assert old.published(customers) == fresh.published(customers)


def test_a_migration_adds_a_column(old: Home, tmp_path: Path) -> None:
    """All versions in order, after a copy of the file; loads and figures go on."""
    other = Migration("Files are named in capitals.", ("UPDATE raw.loads SET via = upper(via)",))
    with pytest.raises(UserError, match=r"raw\.loads in .* has columns from another version"):
        upgraded(old).prepare()
    engine = upgraded(old, ADD_VIA, other)
    assert engine.rows("SELECT DISTINCT via FROM raw.loads") == [("FILE",)]
    assert engine.rows("SELECT version FROM raw.warehouse_version ORDER BY ALL") == [
        (version,) for version in range(2, NOW + 3)
    ]
    copies = sorted(old.settings.upgrade_copies_path.glob("*.duckdb"))
    assert [copy.name for copy in copies] == [
        f"warehouse-v{version}-20260104T120000Z.duckdb" for version in (1, NOW)
    ]
    copy = copies[-1]
    with duckdb.connect(str(copy)) as connection:
        assert "via" not in connection.table("raw.loads").columns
        assert connection.execute("SELECT COUNT(*) FROM raw.loads").fetchone() == (10,)
    old.engine = engine
    old.load("transactions", "t4,a,2026-01-03 13:00:00,10,0")
    old.publish()
    fresh = loaded(tmp_path / "fresh")
    fresh.load("transactions", "t4,a,2026-01-03 13:00:00,10,0")
    fresh.publish()
    assert old.tables() == fresh.tables()
    assert old.values("SELECT DISTINCT loaded_at FROM loads") == fresh.values(
        "SELECT DISTINCT loaded_at FROM loads"
    )


def test_a_fresh_warehouse_has_the_newest_version(tmp_path: Path) -> None:
    """It goes through no migration, and needs no copy."""
    home = Home(tmp_path / "home", **SETTINGS)
    engine = upgraded(home, ADD_VIA)
    assert engine.rows("SELECT version FROM raw.warehouse_version") == [(NOW + 1,)]
    assert not home.settings.upgrade_copies_path.exists()


def test_a_failed_migration_changes_nothing(old: Home) -> None:
    """All migrations are one transaction; the message names the copy."""
    upgraded_before = script_of(old.settings.warehouse_path)
    bad = Migration("Bad.", ("UPDATE raw.loads SET via = 'x'", "SELECT * FROM raw.nothing"))
    with pytest.raises(UserError, match=f"from schema version 1 to {NOW + 2} failed") as caught:
        upgraded(old, ADD_VIA, bad).prepare()
    assert "warehouse-v1-20260104T120000Z.duckdb is a copy" in caught.value.hint
    assert script_of(old.settings.warehouse_path) == upgraded_before


def test_a_newer_warehouse_is_refused(old: Home) -> None:
    """It is not touched, and the message says who can read it."""
    upgraded(old, ADD_VIA).prepare()
    before = old.settings.warehouse_path.read_bytes()
    with pytest.raises(UserError, match=rf"has schema version {NOW + 1}; .* up to {NOW}"):
        old.engine.prepare()
    assert old.settings.warehouse_path.read_bytes() == before


def test_no_upgrade_without_a_copy(old: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves the old warehouse, and no half copy."""

    def full(connection: duckdb.DuckDBPyConnection, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    before = script_of(old.settings.warehouse_path)
    monkeypatch.setattr(schema_version, "copy_database", full)
    with pytest.raises(UserError, match=r"was not upgraded: .* No space left on device"):
        upgraded(old, ADD_VIA).prepare()
    assert script_of(old.settings.warehouse_path) == before
    assert [path.name for path in old.settings.upgrade_copies_path.iterdir()] == [".lock"]


def test_old_copies_are_removed(old: Home) -> None:
    """Two stay: an upgrade that was killed may have made one before."""
    folder = old.settings.upgrade_copies_path
    folder.mkdir()
    names = [f"warehouse-v1-2025010{day}T120000Z.duckdb" for day in (1, 2, 3)]
    for name in (*names, "mine.duckdb"):
        (folder / name).touch()
    upgraded(old, ADD_VIA).prepare()
    assert {path.name for path in folder.iterdir()} == {
        ".lock",
        "mine.duckdb",
        names[-1],
        "warehouse-v1-20260104T120000Z.duckdb",
    }


def test_another_file_in_its_place_is_prepared_too(old: Home) -> None:
    """A server outlives a restore: what it had prepared is another file."""
    old.engine.prepare()
    old.settings.warehouse_path.rename(old.settings.home / "aside.duckdb")
    warehouse_of_version(1, old.settings.warehouse_path)
    assert old.engine.rows("SELECT MAX(version) FROM raw.warehouse_version") == [(NOW,)]


def test_a_copy_leaves_the_lock(old: Home, tmp_path: Path) -> None:
    """Closing the file in this process would let others write into it: the engine's lock is gone.

    What is committed but not yet in the file itself is in the copy.
    """
    probe = (
        "import duckdb, sys\ntry:\n    duckdb.connect(sys.argv[1])\n"
        "except duckdb.IOException:\n    sys.exit(3)"
    )
    path = str(old.settings.warehouse_path)
    with old.engine.hold(), old.engine.session() as connection:
        connection.execute("CREATE TABLE raw.written AS SELECT 42 AS answer")
        copy_database(connection, tmp_path / "copy.duckdb")
        assert subprocess.run([sys.executable, "-c", probe, path], check=False).returncode == 3
    with duckdb.connect(str(tmp_path / "copy.duckdb"), read_only=True) as copied:
        assert copied.execute("SELECT answer FROM raw.written").fetchall() == [(42,)]


def test_the_version_is_read_without_touching(old: Home) -> None:
    """`ltv doctor` neither makes, nor upgrades, nor waits for a warehouse."""
    before = old.settings.warehouse_path.read_bytes()
    assert version_on_disk(old.settings) == 1
    assert old.settings.warehouse_path.read_bytes() == before
    old.settings.warehouse_path.write_bytes(b"no database" * 999)
    with pytest.raises(UserError, match="cannot be read: "):
        version_on_disk(old.settings)
    old.settings.warehouse_path.unlink()
    assert version_on_disk(old.settings) is None
    assert not old.settings.warehouse_path.exists()
