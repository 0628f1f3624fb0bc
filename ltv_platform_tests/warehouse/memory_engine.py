"""A second engine, in memory: using it beyond the protocol fails the tests.

It has no file, no lock and no session to share. Ingestion judges in a database of its own, and
judged rows are handed over as Arrow tables; rows of derived tables are computed and looked at
before anything is deleted, as an engine does that commits one statement per range.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ltv_platform.contracts import Catalog, SourceTable, Table
from ltv_platform.contracts.ddl import column_list, create_table, literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import AsOf, Select
from ltv_platform.warehouse.as_of import known_as_of
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine
from ltv_platform.warehouse.engine import (
    Engine,
    Judged,
    Load,
    LoadCounts,
    State,
    Transaction,
    Writer,
)

Connection = duckdb.DuckDBPyConnection


def _in_memory(settings: Settings) -> Connection:
    connection = duckdb.connect(config={"python_enable_replacements": False, "threads": 1})
    connection.execute("SET timezone = 'UTC'")
    connection.execute(f"SET temp_directory = {literal(str(settings.home / 'spill'))}")
    return connection


class _Embedded(DuckDBEngine):
    """The SQL of the embedded engine, for what is not about where rows lie."""

    def __init__(self, settings: Settings, catalog: Catalog, database: Connection) -> None:
        super().__init__(settings, catalog)
        self._database = database

    @contextmanager
    def session(self) -> Iterator[Connection]:
        yield self._database

    @contextmanager
    def hold(self) -> Iterator[None]:
        yield


class MemoryEngine:
    """An :class:`~ltv_platform.warehouse.engine.Engine` that is gone with its process."""

    packages = ("duckdb",)
    schema_version = 1

    def __init__(self, settings: Settings, catalog: Catalog) -> None:
        self.settings = settings
        self.catalog = catalog
        self._database = _in_memory(settings)
        self._embedded = _Embedded(settings, catalog, self._database)
        self.prepare()

    def prepare(self) -> None:
        for layer in ("raw", "core", "marts"):
            self._database.execute(f"CREATE SCHEMA IF NOT EXISTS {layer}")
        for table in self.catalog:
            self._database.execute(create_table(table))

    def hold(self) -> AbstractContextManager[None]:
        return nullcontext()

    # Reading.

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        return self._database.execute(sql, dict(parameters or {})).fetchall()

    def fetch(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        return self._database.sql(sql, params=dict(parameters or {})).to_arrow_table()

    def copy_to_parquet(self, select: Select, order: Sequence[str], path: Path) -> int:
        return self._embedded.copy_to_parquet(select, order, path)

    def tables(self) -> Mapping[tuple[str, str], Mapping[str, str]]:
        return self._embedded.tables()

    def state(self, tables: Collection[str] | None = None) -> State:
        return self._embedded.state(tables)

    def as_of(self) -> AsOf:
        return known_as_of(self.catalog, self.settings, self.newest_event)

    def newest_event(self, feed: str) -> date | datetime | None:
        return self._embedded.newest_event(feed)

    def first_day(self) -> date | None:
        return self._embedded.first_day()

    # Derived tables.

    def replace_range(
        self, table: Table, rows: Select | pa.Table, start: date, end: date, writer: Writer
    ) -> int:
        day = str(table.partition)
        new = self._computed(table, rows)
        outside = pc.or_(pc.less(new[day], start), pc.greater(new[day], end))
        if new[day].null_count or pc.any(outside).as_py():
            raise UserError(f"{table.full_name} got rows outside the days of the run.")
        within = f"{quoted(day)} BETWEEN $start AND $end"
        return self._exchange(table, new, within, writer, (start, end))

    def replace(self, table: Table, rows: Select | pa.Table, writer: Writer) -> int:
        return self._exchange(table, self._computed(table, rows), "TRUE", writer, None)

    def _computed(self, table: Table, rows: Select | pa.Table) -> pa.Table:
        new = self.fetch(rows.sql, rows.parameters) if isinstance(rows, Select) else rows
        self._database.register("new_rows", new)
        described = self._database.execute("DESCRIBE SELECT * FROM new_rows").fetchall()
        self._database.unregister("new_rows")
        given = {name: kind for name, kind, *_ in described}
        if given != {column.name: str(column.type) for column in table.columns}:
            raise UserError(f"The rows of {table.full_name} are not of its contract.")
        return new

    def _exchange(
        self,
        table: Table,
        new: pa.Table,
        within: str,
        writer: Writer,
        days: tuple[date, date] | None,
    ) -> int:
        bounds = {} if days is None else {"start": days[0], "end": days[1]}
        with self.transaction() as transaction, transaction.incoming(new) as (source, _):
            transaction.execute(f"DELETE FROM {table.full_name} WHERE {within}", bounds)
            written = transaction.execute(
                f"INSERT INTO {table.full_name} SELECT {column_list(table.columns)} FROM {source}"
            )
            transaction.record(writer, days)
        return written

    def record(self, writers: Iterable[Writer], sequence: int) -> None:
        self._embedded.record(writers, sequence)

    def confirm(
        self, asset: str, written_as: str, code_hash: str, days: Collection[date] | None
    ) -> None:
        self._embedded.confirm(asset, written_as, code_hash, days)

    def forget(self, asset: str, start: date | None = None, end: date | None = None) -> None:
        self._embedded.forget(asset, start, end)

    # Taking rows in.

    @contextmanager
    def judging(self) -> Iterator[Connection]:
        with _in_memory(self.settings) as connection:
            yield connection

    def bring(
        self,
        connection: Connection,
        name: str,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        connection.register("fetched", self.fetch(sql, parameters))
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM fetched")
        connection.unregister("fetched")

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._embedded.transaction() as transaction:
            yield _HandingOver(transaction, self._database)

    # Where the rows lie: nowhere.

    def stored_version(self) -> int | None:
        return None

    def copy(self, target: Path) -> None:
        self._database.execute(f"ATTACH {literal(str(target))} AS copied")
        self._database.execute("COPY FROM DATABASE memory TO copied")
        self._database.execute("DETACH copied")

    def alone(self) -> AbstractContextManager[None]:
        return nullcontext()

    def compact(self) -> tuple[int, int]:
        return 0, 0


class _HandingOver:
    """A transaction that fetches judged rows from where they were judged."""

    def __init__(self, transaction: Transaction, database: Connection) -> None:
        self._transaction = transaction
        self._database = database

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        return self._transaction.rows(sql, parameters)

    def execute(self, sql: str, parameters: Mapping[str, Any] | None = None) -> int:
        return self._transaction.execute(sql, parameters)

    def columns(self, source: str, parameters: Mapping[str, Any] | None = None) -> dict[str, str]:
        return self._transaction.columns(source, parameters)

    def incoming(
        self, rows: Select | pa.Table
    ) -> AbstractContextManager[tuple[str, Mapping[str, Any]]]:
        return self._transaction.incoming(rows)

    def touch(self, days: Mapping[str, Collection[date | None]]) -> None:
        self._transaction.touch(days)

    def record(self, writer: Writer, days: tuple[date, date] | None) -> None:
        self._transaction.record(writer, days)

    def append(self, load: Load, judged: Judged, load_sequence: int | None = None) -> LoadCounts:
        for name, relation in (("handed_rows", judged.rows), ("handed_rejected", judged.rejected)):
            self._database.register("handed", _all_of(judged.connection, relation))
            self._database.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM handed")
            self._database.unregister("handed")
        handed = Judged(self._database, "handed_rows", "handed_rejected")
        return self._transaction.append(load, handed, load_sequence)

    def load_sequence_of(self, source: SourceTable, load_id: str) -> int:
        return self._transaction.load_sequence_of(source, load_id)


def _all_of(connection: Connection, relation: str) -> pa.Table:
    return connection.sql(f"SELECT * FROM {relation}").to_arrow_table()


def open_memory_engine(settings: Settings, catalog: Catalog) -> Engine:
    """The engine, of the type that the platform knows."""
    return MemoryEngine(settings, catalog)
