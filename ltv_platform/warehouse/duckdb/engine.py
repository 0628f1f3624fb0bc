"""The embedded engine: one DuckDB file, one writer, connections open late and close early."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from ltv_platform.contracts import Table
from ltv_platform.contracts.ddl import column_list, literal, quoted
from ltv_platform.failpoints import failpoint
from ltv_platform.tables.transforms import AsOf, Select
from ltv_platform.warehouse.as_of import known_as_of, reporting_day
from ltv_platform.warehouse.duckdb.newest_events import newest_event
from ltv_platform.warehouse.duckdb.raw_log import next_sequence, transaction
from ltv_platform.warehouse.duckdb.transaction import DuckDBTransaction
from ltv_platform.warehouse.duckdb.warehouse_file import WarehouseFile
from ltv_platform.warehouse.duckdb.writes import (
    as_relation,
    compare_schema,
    explained,
    only_within,
    record_built,
)
from ltv_platform.warehouse.engine import Built, State, Writer

if TYPE_CHECKING:
    import pyarrow as pa

Connection = duckdb.DuckDBPyConnection


class DuckDBEngine(WarehouseFile):
    """An :class:`~ltv_platform.warehouse.engine.Engine` on one DuckDB file.

    Args:
        settings: The path of the file, and how to open it.
        catalog: All contracts.
        connect: Returns a connection to the file; by default, one that waits for the lock.
        migrations: Migrations of older warehouses; by default, those of this release.
    """

    @contextmanager
    def transaction(self) -> Iterator[DuckDBTransaction]:
        """See :class:`~ltv_platform.warehouse.engine.Loader`."""
        with self.hold(), self.session() as connection, transaction(connection):
            yield DuckDBTransaction(connection, self.settings)

    @contextmanager
    def judging(self) -> Iterator[Connection]:
        """See :class:`~ltv_platform.warehouse.engine.Loader`."""
        with self.hold(), self.session() as connection:
            yield connection

    def bring(
        self,
        connection: Connection,
        name: str,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        """See :class:`~ltv_platform.warehouse.engine.Loader`."""
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}", dict(parameters or {}))

    # Writes. The number is drawn before anything is read, so a later touch gets a higher one.

    def replace_range(
        self, table: Table, rows: "Select | pa.Table", start: date, end: date, writer: Writer
    ) -> int:
        """See :class:`~ltv_platform.warehouse.engine.Builder`."""
        if table.partition is None:
            raise ValueError(f"{table.full_name} has no partitions; use replace")
        day = quoted(table.partition)
        within = f"{day} >= $range_start AND {day} <= $range_end"
        bounds = {"range_start": start, "range_end": end}
        return self._write(table, rows, writer, within, bounds)

    def replace(self, table: Table, rows: "Select | pa.Table", writer: Writer) -> int:
        """See :class:`~ltv_platform.warehouse.engine.Builder`."""
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
        """See :class:`~ltv_platform.warehouse.engine.Builder`."""
        with self.session() as connection, transaction(connection):
            for writer in writers:
                record_built(connection, writer, sequence, {})

    def confirm(
        self, asset: str, written_as: str, code_hash: str, days: Collection[date] | None
    ) -> None:
        """See :class:`~ltv_platform.warehouse.engine.Builder`."""
        with self.session() as connection, transaction(connection):
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
        """See :class:`~ltv_platform.warehouse.engine.Builder`."""
        with self.session() as connection, transaction(connection):
            connection.execute(
                "DELETE FROM raw.built WHERE asset = $asset "
                "AND (day IS NULL OR day >= COALESCE($start, day) AND day <= COALESCE($end, day))",
                {"asset": asset, "start": start, "end": end},
            )

    # Reads.

    def fetch(self, sql: str, parameters: Mapping[str, Any] | None = None) -> "pa.Table":
        """See :class:`~ltv_platform.warehouse.engine.Reader`."""
        with self.session() as connection:
            return connection.sql(sql, params=dict(parameters or {})).to_arrow_table()

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """See :class:`~ltv_platform.warehouse.engine.Rows`."""
        with self.session() as connection:
            return connection.execute(sql, dict(parameters or {})).fetchall()

    def tables(self) -> dict[tuple[str, str], dict[str, str]]:
        """See :class:`~ltv_platform.warehouse.engine.Reader`."""
        found: dict[tuple[str, str], dict[str, str]] = {}
        for schema, table, column, kind in self.rows(
            "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE NOT internal AND database_name = CURRENT_DATABASE() "
            "ORDER BY schema_name, table_name, column_index"
        ):
            found.setdefault((schema, table), {})[column] = kind
        return found

    def copy_to_parquet(self, select: Select, order: Sequence[str], path: Path) -> int:
        """See :class:`~ltv_platform.warehouse.engine.Reader`."""
        by = ", ".join(f"{quoted(name)} NULLS FIRST" for name in order)
        ordered = f"ORDER BY {by}" if order else ""
        with explained(path.name), self.session() as connection:
            [(copied,)] = connection.execute(
                f"COPY (SELECT * FROM ({select.sql}) AS published {ordered}) "
                f"TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)",
                dict(select.parameters),
            ).fetchall()
        return int(copied)

    def state(self, tables: Collection[str] | None = None) -> State:
        """See :class:`~ltv_platform.warehouse.engine.Reader`."""
        names = None if tables is None else list(tables)
        with self.hold(), self.session() as connection:
            touched: dict[str, dict[date | None, int]] = {}
            for table, day, sequence in connection.execute(
                "SELECT 'raw.' || table_name AS name, day, MAX(seq) FROM raw.touched "
                "WHERE $names IS NULL OR name IN $names GROUP BY ALL",
                {"names": names},
            ).fetchall():
                touched.setdefault(table, {})[day] = sequence
            # A load that assigned days in another zone may touch other days in this one.
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
            return State(touched, built, self.as_of())

    def first_day(self) -> date | None:
        """See :class:`~ltv_platform.warehouse.engine.Reader`."""
        earliest = ", ".join(
            f"(SELECT MIN({feed.event_time}) FROM raw.{feed.name})" for feed in self.catalog.feeds
        )
        [found] = self.rows(f"SELECT {earliest}")
        days = (reporting_day(value, self.settings) for value in found if value is not None)
        return min(days, default=None)

    def newest_event(self, feed: str) -> date | datetime | None:
        """See :class:`~ltv_platform.warehouse.engine.Reader`."""
        with self.session() as connection:
            return newest_event(connection, self.catalog.sources[feed], self.settings)

    def as_of(self) -> AsOf:
        """See :class:`~ltv_platform.warehouse.engine.Reader`."""
        with self.hold():
            return known_as_of(self.catalog, self.settings, self.newest_event)
