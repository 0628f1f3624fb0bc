"""The DuckDB file: connections that open late and close early, tables, copies."""

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import date
from pathlib import Path

import duckdb

from ltv_platform.contracts import Catalog, Table
from ltv_platform.contracts.ddl import create_table, quoted
from ltv_platform.errors import UserError
from ltv_platform.failpoints import failpoint
from ltv_platform.locks import refuse_half_restored
from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb import schema_version
from ltv_platform.warehouse.duckdb.compaction import rewrite_file
from ltv_platform.warehouse.duckdb.connection import alone, open_warehouse, spill_path
from ltv_platform.warehouse.duckdb.database_copy import copy_database, file_of
from ltv_platform.warehouse.duckdb.raw_log import transaction
from ltv_platform.warehouse.duckdb.schema_version import Migration
from ltv_platform.warehouse.duckdb.writes import differs, existing_columns

Connection = duckdb.DuckDBPyConnection
ConnectionFactory = Callable[[], AbstractContextManager[Connection]]


class WarehouseFile:
    """One DuckDB file with all tables of a catalog.

    Args:
        settings: The path of the file, and how to open it.
        catalog: All contracts.
        connect: Returns a connection to the file; by default, one that waits for the lock.
        migrations: Migrations of older warehouses; by default, those of this release.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        connect: ConnectionFactory | None = None,
        migrations: Sequence[Migration] | None = None,
    ) -> None:
        self.settings = settings
        self.catalog = catalog
        self.connect: ConnectionFactory = connect or (lambda: open_warehouse(settings))
        self._migrations = migrations
        self._prepared: tuple[int, int] | None = None
        # Per thread: the code server checks staleness in several threads.
        self._held: dict[int, Connection] = {}

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection to the prepared warehouse; inside a hold, the held one."""
        held = self._held.get(threading.get_ident())
        if held is not None:
            yield held
            return
        refuse_half_restored(self.settings)
        with self.connect() as connection:
            self._prepare(connection)
            yield connection

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep one connection open for several calls; nobody else can open the file meanwhile."""
        thread = threading.get_ident()
        if thread in self._held:
            yield
            return
        with self.session() as connection:
            self._held[thread] = connection
            try:
                yield
            finally:
                # A generator that is not exhausted may be closed by another thread.
                del self._held[thread]

    def prepare(self) -> None:
        """Create missing tables; a derived table whose contract has changed is recreated empty.

        A warehouse with an older schema version is upgraded first, after copying its file.
        Partitions before ``LTV_START_DATE`` are removed, because a fresh home would not have them;
        all derived tables are then stale.

        Raises:
            UserError: the warehouse has a newer schema version or cannot be upgraded, or a raw
                table still differs from its contract.
        """
        with self.session():
            return

    def _prepare(self, connection: Connection) -> None:
        status = file_of(connection).stat()
        # The file may have been replaced since, for example by a restore.
        this_file = status.st_dev, status.st_ino
        if self._prepared == this_file:
            return
        schema_version.upgrade(connection, self.settings, self._migrations)
        existing = existing_columns(connection)
        if any(differs(table, existing.get(table.full_name)) for table in self.catalog):
            with transaction(connection):
                for layer in ("raw", "core", "marts"):
                    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {layer}")
                for table in self.catalog:
                    self._prepare_table(connection, table, existing.get(table.full_name))
                if not schema_version.is_recorded(connection):
                    version = schema_version.newest_version(self._migrations)
                    schema_version.record_version(connection, version, self.settings)
        if self.settings.start_date is not None:
            self._remove_before(connection, self.settings.start_date)
        self._prepared = this_file

    def _prepare_table(
        self, connection: Connection, table: Table, columns: list[tuple[str, str, bool]] | None
    ) -> None:
        if columns is not None and differs(table, columns):
            if table.layer == "raw":
                raise UserError(
                    f"{table.full_name} in {self.settings.warehouse_path} has columns from "
                    "another version of ltv-platform.",
                    "Use that version, or reload the files in loaded/ into a fresh LTV_HOME.",
                )
            connection.execute(f"DROP TABLE {table.full_name}")
            connection.execute(
                "DELETE FROM raw.built WHERE asset = $asset", {"asset": table.full_name}
            )
        connection.execute(create_table(table))

    def _remove_before(self, connection: Connection, start: date) -> None:
        bounds = {"start": start}
        before = connection.execute("SELECT 1 FROM raw.built WHERE day < $start LIMIT 1", bounds)
        if not before.fetchall():
            return
        with transaction(connection):
            for table in self.catalog.derived:
                if table.partition is not None:
                    within = f"{quoted(table.partition)} < $start"
                    connection.execute(f"DELETE FROM {table.full_name} WHERE {within}", bounds)
                connection.execute(
                    "DELETE FROM raw.built WHERE asset = $asset", {"asset": table.full_name}
                )

    # The methods of Keeper.

    @property
    def packages(self) -> tuple[str, ...]:
        """The distributions that it uses."""
        return ("duckdb",)

    @property
    def schema_version(self) -> int:
        """The schema version of this code."""
        return schema_version.newest_version(self._migrations)

    def stored_version(self) -> int | None:
        """The schema version of the file; None: there is none."""
        return schema_version.version_on_disk(self.settings)

    def copy(self, target: Path) -> None:
        """Copy all committed data."""
        with self.session() as connection:
            copy_database(connection, target)

    def alone(self) -> AbstractContextManager[None]:
        """Lock all processes out; this one must not have the file open."""
        return alone(self.settings)

    def compact(self) -> tuple[int, int]:
        """Rewrite the file, and remove files that killed processes spilled to disk."""
        path = self.settings.warehouse_path
        shutil.rmtree(spill_path(path), ignore_errors=True)
        with self.session() as connection:
            before, after = rewrite_file(connection, path)
        with suppress(FileNotFoundError):
            shutil.rmtree(spill_path(path))
        failpoint("warehouse replaced")
        return before, after
