"""The schema version of a warehouse, and the migrations between versions.

A version counts changes of *raw* tables, whose content cannot be rebuilt. Missing tables are
created at every start, and derived tables are rebuilt when their contracts change, so neither needs
a migration; an added, renamed or retyped column of a raw table does.
"""

import os
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import duckdb

from ltv_platform import __version__
from ltv_platform.contracts.ddl import create_table
from ltv_platform.contracts.operations import WAREHOUSE_VERSION
from ltv_platform.days import stamp
from ltv_platform.errors import UserError
from ltv_platform.failpoints import failpoint
from ltv_platform.locks import temporary_folder
from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb.connection import connection_config
from ltv_platform.warehouse.duckdb.database_copy import copy_database
from ltv_platform.warehouse.duckdb.raw_log import transaction
from ltv_platform.warehouse.error_texts import is_held

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Migration:
    """A step from one schema version to the next.

    Attributes:
        summary: The change, for people.
        statements: SQL statements; after them the raw tables have the columns of their contracts,
            in any order.
    """

    summary: str
    statements: tuple[str, ...]


#: The first leads to version 2 from version 1, which has no table of versions. Only append to this
#: list.
MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        "Quarantine can be settled; loads count unread attributes and rounded values; spend has a "
        "source; transactions and sessions can be taken back.",
        (
            "ALTER TABLE raw.quarantine ADD COLUMN row_key VARCHAR",
            "ALTER TABLE raw.quarantine ADD COLUMN settled_at TIMESTAMP",
            "ALTER TABLE raw.quarantine ADD COLUMN settled_by VARCHAR",
            "ALTER TABLE raw.loads ADD COLUMN content_hash VARCHAR",
            "ALTER TABLE raw.loads ADD COLUMN attributes_unread VARCHAR",
            "ALTER TABLE raw.loads ADD COLUMN rounded BIGINT DEFAULT 0",
            "ALTER TABLE raw.campaign_costs ADD COLUMN spend_source VARCHAR",
            # As in new loads: the name of the adapter instead of its path.
            "UPDATE raw.campaign_costs SET spend_source = "
            "regexp_extract(loads.adapter, '([^/]*?)(\\.sql)?$', 1) "
            "FROM raw.loads AS loads WHERE loads.load_id = raw.campaign_costs.load_id "
            "AND loads.adapter IS NOT NULL",
            "ALTER TABLE raw.transactions ALTER COLUMN customer_id DROP NOT NULL",
            "ALTER TABLE raw.transactions ADD COLUMN is_deleted BOOLEAN DEFAULT false",
            "ALTER TABLE raw.session_sources ADD COLUMN is_deleted BOOLEAN DEFAULT false",
        ),
    ),
    Migration(
        "The reporting zone of loads has its own column; watermarks use the names of the "
        "contracts.",
        (
            "ALTER TABLE raw.touched ADD COLUMN zone VARCHAR",
            # The newest load in a zone was a row called 'days in <zone>' next to that of loads.
            "DELETE FROM raw.touched WHERE table_name = 'loads' AND EXISTS ("
            "SELECT 1 FROM raw.touched WHERE starts_with(table_name, 'days in '))",
            "UPDATE raw.touched SET table_name = 'loads', "
            "zone = substr(table_name, 1 + length('days in ')) "
            "WHERE starts_with(table_name, 'days in ')",
            """
            UPDATE raw.built SET watermarks = '{' || concat_ws(', ',
              '"conversion": "' || (watermarks ->> 'conversions') || '"',
              '"cost": "' || (watermarks ->> 'cost') || '"',
              '"interaction": "' || (watermarks ->> 'interactions') || '"',
              '"revenue": "' || (watermarks ->> 'revenue') || '"',
              '"session": "' || (watermarks ->> 'sessions') || '"'
            ) || '}'
            """,
        ),
    ),
)

_FIRST = 1
#: Copies from before an upgrade to keep: the last one, and one more in case a killed upgrade made
#: another.
_COPIES = 2
_COPY_NAME = re.compile(r"warehouse-v\d+-(\d{8}T\d{6}Z)\.duckdb")

#: Threads of one process share the engine's lock on the file.
_one_upgrade = threading.Lock()


def newest_version(migrations: Sequence[Migration] | None = None) -> int:
    """The schema version of this code."""
    return _FIRST + len(MIGRATIONS if migrations is None else migrations)


def stored_version(connection: Connection) -> int | None:
    """The schema version of a warehouse; None: it has no raw tables yet."""
    tables = {
        name
        for (name,) in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE NOT internal AND schema_name = 'raw'"
        ).fetchall()
    }
    if not tables:
        return None
    if WAREHOUSE_VERSION.name not in tables:
        return _FIRST
    [(version,)] = connection.execute(
        f"SELECT COALESCE(MAX(version), {_FIRST}) FROM {WAREHOUSE_VERSION.full_name}"
    ).fetchall()
    return int(version)


def version_on_disk(settings: Settings) -> int | None:
    """The schema version of the stored warehouse, which is neither created nor upgraded.

    Raises:
        UserError: it cannot be read: another process holds it, or it is damaged.
    """
    if not settings.warehouse_path.exists():
        return None
    try:
        connection = duckdb.connect(
            str(settings.warehouse_path), read_only=True, config=connection_config(settings)
        )
        try:
            return stored_version(connection)
        finally:
            connection.close()
    except duckdb.Error as error:
        first_line = str(error).splitlines()[0]
        why = "another process holds it." if is_held(error) else first_line
        raise UserError(f"The warehouse {settings.warehouse_path} cannot be read: {why}") from error


def record_version(connection: Connection, version: int, settings: Settings) -> None:
    """Record the version of the warehouse, inside the transaction that upgrades it."""
    connection.execute(create_table(WAREHOUSE_VERSION))
    connection.execute(
        f"INSERT INTO {WAREHOUSE_VERSION.full_name} BY NAME "
        "SELECT $version AS version, $since AS since, $made_by AS made_by",
        {
            "version": version,
            "since": settings.current_time().astimezone(UTC).replace(tzinfo=None),
            "made_by": __version__,
        },
    )


def is_recorded(connection: Connection) -> bool:
    """Whether the warehouse has a recorded version."""
    return bool(
        connection.execute(f"SELECT 1 FROM {WAREHOUSE_VERSION.full_name} LIMIT 1").fetchall()
    )


def upgrade(
    connection: Connection, settings: Settings, migrations: Sequence[Migration] | None = None
) -> None:
    """Upgrade a warehouse to the version of this code, after copying its file.

    All migrations are one transaction. A warehouse without a version has version 1.

    Args:
        connection: A connection to it, outside a transaction.
        settings: Name the LTV_HOME.
        migrations: The migrations to apply; by default :data:`MIGRATIONS`.

    Raises:
        UserError: the warehouse has a newer version, the disk is full, or a migration failed; the
            warehouse is unchanged.
    """
    migrations = MIGRATIONS if migrations is None else migrations
    newest = newest_version(migrations)
    with _one_upgrade:
        stored = stored_version(connection)
        if stored is None or stored == newest:
            return
        if stored > newest:
            raise UserError(
                f"The warehouse {settings.warehouse_path} has schema version {stored}; "
                f"ltv-platform {__version__} supports versions up to {newest}.",
                "Use the newer ltv-platform that made it, or restore a backup from before its "
                "upgrade; see Upgrading in docs/operations.md.",
            )
        copy = _copy(connection, settings, stored)
        failpoint("warehouse copied, not upgraded")
        try:
            with transaction(connection):
                for version, migration in enumerate(migrations[stored - _FIRST :], stored + 1):
                    for statement in migration.statements:
                        connection.execute(statement)
                    record_version(connection, version, settings)
                failpoint("upgraded, not committed")
        except duckdb.Error as error:
            raise UserError(
                f"The upgrade of {settings.warehouse_path} from schema version {stored} to "
                f"{newest} failed: {str(error).splitlines()[0]}",
                f"Nothing was changed, and the previous version still works; {copy} is a copy.",
            ) from error


def _copy(connection: Connection, settings: Settings, version: int) -> Path:
    """Copy the warehouse file before its upgrade, and remove copies of earlier upgrades."""
    folder = settings.upgrade_copies_path
    copy = folder / f"warehouse-v{version}-{stamp(settings.current_time())}.duckdb"
    try:
        folder.mkdir(exist_ok=True)
        with temporary_folder(folder, ".draft_") as drafts:
            copy_database(connection, drafts / copy.name)
            with (drafts / copy.name).open("rb") as file:
                os.fsync(file.fileno())
            os.replace(drafts / copy.name, copy)
        for old in _copies(folder)[:-_COPIES]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"The warehouse was not upgraded: its copy could not be written to {folder}: "
            f"{error.strerror or error}.",
            f"Free {settings.warehouse_path.stat().st_size:,} bytes, then run the same "
            "command again.",
        ) from error
    return copy


def _copies(folder: Path) -> list[Path]:
    """Copies from before an upgrade, the oldest first."""
    matches = ((_COPY_NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return [path for _, path in sorted((match[1], path) for match, path in matches if match)]
