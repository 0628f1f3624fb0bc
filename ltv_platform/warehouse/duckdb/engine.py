"""The embedded engine: one DuckDB file, one writer, connections open late and close early."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from ltv_platform.contracts import Catalog, Table
from ltv_platform.contracts.ddl import column_list, create_table, literal, quoted
from ltv_platform.days import ONE_DAY, day_of, day_start
from ltv_platform.errors import UserError
from ltv_platform.failpoints import failpoint
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import AsOf, Select
from ltv_platform.warehouse.duckdb import schema_version
from ltv_platform.warehouse.duckdb.connection import open_warehouse, refuse_half_restored
from ltv_platform.warehouse.duckdb.database_copy import file_of
from ltv_platform.warehouse.duckdb.newest_events import newest_event
from ltv_platform.warehouse.duckdb.raw_log import next_sequence, transaction
from ltv_platform.warehouse.duckdb.schema_version import Migration
from ltv_platform.warehouse.duckdb.writes import (
    as_relation,
    compare_schema,
    differs,
    existing_columns,
    explained,
    only_within,
    record_built,
)
from ltv_platform.warehouse.engine import Built, State, Writer

if TYPE_CHECKING:
    import pyarrow as pa

Connection = duckdb.DuckDBPyConnection
ConnectionFactory = Callable[[], AbstractContextManager[Connection]]


class DuckDBEngine:
    """An :class:`~ltv_platform.warehouse.engine.Engine` on one DuckDB file.

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

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A session whose statements all count or none."""
        with self.session() as connection, transaction(connection):
            yield connection

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

    # Writes. The number is drawn before anything is read, so a touch that comes later is newer.

    def replace_range(
        self, table: Table, rows: "Select | pa.Table", start: date, end: date, writer: Writer
    ) -> int:
        """See :class:`~ltv_platform.warehouse.engine.Engine`."""
        if table.partition is None:
            raise ValueError(f"{table.full_name} has no partitions; use replace")
        day = quoted(table.partition)
        within = f"{day} >= $range_start AND {day} <= $range_end"
        bounds = {"range_start": start, "range_end": end}
        return self._write(table, rows, writer, within, bounds)

    def replace(self, table: Table, rows: "Select | pa.Table", writer: Writer) -> int:
        """See :class:`~ltv_platform.warehouse.engine.Engine`."""
        return self._write(table, rows, writer, "TRUE", {})

    def _write(
        self,
        table: Table,
        rows: "Select | pa.Table",
        writer: Writer,
        within: str,
        bounds: Mapping[str, date],
    ) -> int:
        with (
            explained(table.full_name),
            self.session() as connection,
            as_relation(connection, rows) as (source, parameters),
            transaction(connection),
        ):
            sequence = next_sequence(connection)
            compare_schema(connection, table, f"SELECT * FROM {source} LIMIT 0", parameters)
            connection.execute(f"DELETE FROM {table.full_name} WHERE {within}", bounds)
            failpoint("old rows deleted, new ones not inserted")
            [(inserted,)] = connection.execute(
                f"INSERT INTO {table.full_name} SELECT {column_list(table.columns)} "
                f"FROM {source} AS rows_of_select WHERE {only_within(table, within)}",
                {**parameters, **bounds},
            ).fetchall()
            record_built(connection, writer, sequence, bounds)
        failpoint("table committed")
        return int(inserted)

    def record(self, writers: Iterable[Writer], sequence: int) -> None:
        """See :class:`~ltv_platform.warehouse.engine.Engine`."""
        with self._transaction() as connection:
            for writer in writers:
                record_built(connection, writer, sequence, {})

    def confirm(
        self, asset: str, written_as: str, code_hash: str, days: Collection[date] | None
    ) -> None:
        """See :class:`~ltv_platform.warehouse.engine.Engine`."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE raw.built SET code_hash = $code_hash WHERE asset = $asset "
                "AND code_hash = $written_as AND (day IS NULL OR day IN $days)",
                {
                    "asset": asset,
                    "written_as": written_as,
                    "code_hash": code_hash,
                    "days": list(days or ()),
                },
            )

    def forget(self, asset: str, start: date | None = None, end: date | None = None) -> None:
        """See :class:`~ltv_platform.warehouse.engine.Engine`."""
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM raw.built WHERE asset = $asset "
                "AND (day IS NULL OR day >= COALESCE($start, day) AND day <= COALESCE($end, day))",
                {"asset": asset, "start": start, "end": end},
            )

    # Reads.

    def fetch(self, sql: str, parameters: Mapping[str, Any] | None = None) -> "pa.Table":
        """See :class:`~ltv_platform.warehouse.engine.Engine`."""
        with self.session() as connection:
            return connection.sql(sql, params=dict(parameters or {})).to_arrow_table()

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a small query as Python values."""
        with self.session() as connection:
            return connection.execute(sql, dict(parameters or {})).fetchall()

    def copy_to_parquet(self, select: Select, order: Sequence[str], path: Path) -> int:
        """See :class:`~ltv_platform.warehouse.engine.Engine`."""
        with explained(path.name), self.session() as connection:
            [(copied,)] = connection.execute(
                f"COPY (SELECT * FROM ({select.sql}) AS published "
                f"ORDER BY {', '.join(f'{quoted(name)} NULLS FIRST' for name in order)}) "
                f"TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)",
                dict(select.parameters),
            ).fetchall()
        return int(copied)

    def state(self, tables: Collection[str] | None = None) -> State:
        """See :class:`~ltv_platform.warehouse.engine.Engine`."""
        names = None if tables is None else list(tables)
        with self.session() as connection:
            touched: dict[str, dict[date | None, int]] = {}
            for table, day, sequence in connection.execute(
                "SELECT 'raw.' || table_name AS name, day, MAX(seq) FROM raw.touched "
                "WHERE $names IS NULL OR name IN $names GROUP BY ALL",
                {"names": names},
            ).fetchall():
                touched.setdefault(table, {})[day] = sequence
            # Days that a load counted in another zone may be others here.
            [(other_zones,)] = connection.execute(
                "SELECT COALESCE(MAX(seq), 0) FROM raw.touched WHERE zone <> $zone",
                {"zone": self.settings.timezone},
            ).fetchall()
            if other_zones:
                for days in touched.values():
                    days[None] = max(days.get(None, 0), other_zones)
            built: dict[str, dict[date | None, Built]] = {}
            for asset, day, *values in connection.execute(
                "SELECT asset, day, seq, code_hash, as_of, watermarks FROM raw.built "
                "WHERE $names IS NULL OR asset IN $names",
                {"names": names},
            ).fetchall():
                built.setdefault(asset, {})[day] = Built._make(values)
            return State(touched, built, self._as_of(connection))

    def first_day(self) -> date | None:
        """The day of the earliest row of the log; None where no source has a dated row."""
        earliest = ", ".join(
            f"(SELECT MIN({feed.event_time}) FROM raw.{feed.name})" for feed in self.catalog.feeds
        )
        [found] = self.rows(f"SELECT {earliest}")
        return min((self._day(value) for value in found if value is not None), default=None)

    def newest_event(self, feed: str) -> date | datetime | None:
        """The newest date of the rows of a source that count; None: it has none."""
        with self.session() as connection:
            return newest_event(connection, self.catalog.sources[feed], self.settings)

    def as_of(self) -> AsOf:
        """What the figures know of now."""
        with self.session() as connection:
            return self._as_of(connection)

    def _as_of(self, connection: Connection) -> AsOf:
        feeds = self.catalog.feeds
        day = self.settings.as_of
        if day is not None:
            # Its end is the watermark of every feed, so the day itself is known to its end.
            after = day + ONE_DAY
            end = day_start(after, self.settings)
            marks = {
                mark.name: end if mark.is_instant else after for mark in self.catalog.watermarks
            }
            return AsOf(day, marks, {feed.name: day.isoformat() for feed in feeds})
        events = {feed.name: newest_event(connection, feed, self.settings) for feed in feeds}
        texts = {
            name: None if event is None else event.isoformat() for name, event in events.items()
        }
        days = {name: self._day(event) for name, event in events.items() if event is not None}
        if not days:
            return AsOf(feeds=texts)
        # A clock that runs ahead may date an event into tomorrow; it counts from then on.
        day = min(max(days.values()), self.settings.today())
        end = day_start(day + ONE_DAY, self.settings)
        marks = {}
        for feed in feeds:
            event, mark = events[feed.name], feed.watermark
            if mark is not None and event is not None:
                is_instant = mark.is_instant and isinstance(event, datetime)
                marks[mark.name] = min(event, end) if is_instant else min(days[feed.name], day)
        return AsOf(day, marks, texts)

    def _day(self, value: date | datetime) -> date:
        """The reporting day that a date or an instant falls on."""
        return day_of(value, self.settings) if isinstance(value, datetime) else value
