"""The DuckDB file: connections that open late and close early, its tables, its copies."""

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
        settings: Where the file lies and how it is opened.
        catalog: All contracts.
        connect: Gives a connection to the file; by default, one that waits for the lock.
        migrations: What older warehouses go through; by default, those of this release.
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
        # By thread: the code server looks at what is stale in several at once.
        self._held: dict[int, Connection] = {}

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection to the warehouse, its tables in place; the held one inside a hold."""
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
        """Keep one connection over several calls; nobody else opens the file meanwhile."""
        thread = threading.get_ident()
        if thread in self._held:
            yield
            return
        with self.session() as connection:
            self._held[thread] = connection
            try:
                yield
            finally:
                # A generator that is not used up may be closed by another thread.
                del self._held[thread]

    def prepare(self) -> None:
        """Create what is missing; a derived table whose contract changed starts anew, empty.

        A warehouse of an older schema version is upgraded first, after a copy of its file.
        Partitions before an ``LTV_START_DATE`` that was set later than the data are removed, as
        a fresh home would not have them; everything derived is stale then.

        Raises:
            UserError: the warehouse is of a newer schema version, cannot be upgraded, or a raw
                table differs from its contract all the same.
        """
        with self.session():
            return

    def _prepare(self, connection: Connection) -> None:
        status = file_of(connection).stat()
        # Another file may have taken its place since, such as that of a backup.
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

    # What an Engine says of where the rows lie; see Keeper.

    @property
    def packages(self) -> tuple[str, ...]:
        """The distributions that it runs on."""
        return ("duckdb",)

    @property
    def schema_version(self) -> int:
        """The schema version that this code works with."""
        return schema_version.newest_version(self._migrations)

    def stored_version(self) -> int | None:
        """The schema version of the file; None: there is none."""
        return schema_version.version_on_disk(self.settings)

    def copy(self, target: Path) -> None:
        """Copy everything that is committed."""
        with self.session() as connection:
            copy_database(connection, target)

    def alone(self) -> AbstractContextManager[None]:
        """Keep everybody from the file, which this process must not have open."""
        return alone(self.settings)

    def compact(self) -> tuple[int, int]:
        """Make the file anew; what a killed process spilled to disk goes, too."""
        path = self.settings.warehouse_path
        shutil.rmtree(spill_path(path), ignore_errors=True)
        with self.session() as connection:
            before, after = rewrite_file(connection, path)
        with suppress(FileNotFoundError):
            shutil.rmtree(spill_path(path))
        failpoint("warehouse replaced")
        return before, after
