"""Writes and reads user tables in the warehouse.

Their columns come from the first rows, not from a contract. A table that is written as a whole
takes the columns of the new rows; one that is written by days keeps its columns while it has other
days.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

import duckdb
import pyarrow as pa

from ltv_platform.contracts.ddl import quoted
from ltv_platform.errors import UserError
from ltv_platform.tables.transforms import Select
from ltv_platform.user_tables import published
from ltv_platform.user_tables.columns import (
    NOTHING,
    UNFIT,
    changed,
    compare,
    converted,
    types_of_new,
)
from ltv_platform.user_tables.model import OwnTable
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine
from ltv_platform.warehouse.duckdb.raw_log import next_sequence, transaction
from ltv_platform.warehouse.duckdb.writes import as_relation, record_built
from ltv_platform.warehouse.engine import Writer

Connection = duckdb.DuckDBPyConnection

_OUTSIDE = "outside the days of the run:"
_IS_THERE = "SELECT 1 FROM duckdb_tables() WHERE schema_name = $schema AND table_name = $name"


def write(
    engine: DuckDBEngine,
    table: OwnTable,
    rows: "Select | pa.Table",
    days: tuple[date, date] | None = None,
) -> int:
    """Replace a table, or its days first to last, in one transaction, and publish it.

    Args:
        engine: The warehouse.
        table: The table; created if necessary.
        rows: A SELECT, or an Arrow table.
        days: First and last day, both included; None: the whole table.

    Returns:
        The number of rows written.

    Raises:
        UserError: the rows do not fit the table; nothing was written.
    """
    if days is not None and table.day is None:
        raise ValueError(f"{table.full_name} has no days")
    bounds: Mapping[str, date] = {}
    if days is not None:
        bounds = {"range_start": days[0], "range_end": days[1]}
    with engine.hold():
        writer = Writer(table.full_name, "", engine.as_of())
        with (
            _explained(table),
            engine.session() as connection,
            _rows(connection, rows) as incoming,
            transaction(connection),
        ):
            sequence = next_sequence(connection)
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(table.schema)}")
            if bounds:
                written = _replace_days(table, incoming, bounds)
            else:
                written = _replace_whole(table, incoming)
            record_built(connection, writer, sequence, bounds)
        published.show(engine, table.schema, table.name)
    return written


def read(
    engine: DuckDBEngine, table: OwnTable, days: Sequence[tuple[date, date]] | None = None
) -> pa.Table:
    """The rows of a table, or of some ranges of days.

    Raises:
        UserError: it was never written.
    """
    where, values = "", dict[str, date]()
    if days is not None:
        day = quoted(str(table.day))
        spans = [f"{day} BETWEEN $first_{i} AND $last_{i}" for i in range(len(days))]
        where = f" WHERE {' OR '.join(spans) or 'FALSE'}"
        for i, (first, last) in enumerate(days):
            values |= {f"first_{i}": first, f"last_{i}": last}
    try:
        return engine.fetch(f"SELECT * FROM {table.sql}{where}", values)
    except duckdb.CatalogException as error:
        raise UserError(
            f"{table.full_name} does not exist: it was never written.",
            f"Materialize {table.schema}/{table.name} first.",
        ) from error


def types(engine: DuckDBEngine, table: OwnTable) -> Mapping[str, str]:
    """The type of each column; empty if the table does not exist."""
    with engine.session() as connection:
        return _existing(connection, table)


def row_count(engine: DuckDBEngine, table: OwnTable) -> int:
    """The number of rows of a table; 0 if it does not exist."""
    return (
        int(engine.rows(f"SELECT COUNT(*) FROM {table.sql}")[0][0]) if types(engine, table) else 0
    )


@dataclass(frozen=True)
class _Rows:
    """The rows to write.

    Attributes:
        is_empty: There are no rows, so their types mean nothing.
    """

    connection: Connection
    source: str
    parameters: Mapping[str, Any]
    is_empty: bool

    def types(self) -> dict[str, str]:
        """The type of each column."""
        if not self.source:
            return {}
        return _types(self.connection, f"SELECT * FROM {self.source} LIMIT 0", self.parameters)


@contextmanager
def _rows(connection: Connection, rows: "Select | pa.Table") -> Iterator[_Rows]:
    if isinstance(rows, pa.Table) and not rows.column_names:
        yield _Rows(connection, "", {}, is_empty=True)
        return
    with as_relation(connection, rows) as (source, parameters):
        is_empty = isinstance(rows, pa.Table) and rows.num_rows == 0
        yield _Rows(connection, source, parameters, is_empty)


def _types(
    connection: Connection, sql: str, parameters: Mapping[str, Any] | None = None
) -> dict[str, str]:
    result = connection.execute(sql, dict(parameters or {}))
    found = {name: str(kind) for name, kind, *_ in result.description}
    result.fetchall()  # an open result would block the connection
    return found


def _replace_whole(table: OwnTable, rows: _Rows) -> int:
    """Written beside the old table first, because the query may read that."""
    columns = types_of_new(table, rows.types())
    draft = OwnTable(table.schema, f"{table.name}__draft")
    _create(rows.connection, draft, columns)
    inserted = _insert(rows, draft, columns)
    rows.connection.execute(f"DROP TABLE IF EXISTS {table.sql}")
    rows.connection.execute(f"ALTER TABLE {draft.sql} RENAME TO {quoted(table.name)}")
    return inserted


def _replace_days(table: OwnTable, rows: _Rows, bounds: Mapping[str, date]) -> int:
    existing = _existing(rows.connection, table)
    if existing:
        if table.day not in existing:
            raise UserError(
                f"{table.full_name} exists without the column {table.day}, which its asset's "
                "partition_expr names.",
                f"Name another column, or rename the table. {NOTHING}",
            )
        rows.connection.execute(f"DELETE FROM {table.sql} WHERE {_within(table)}", dict(bounds))
    if rows.is_empty and (existing or not rows.types()):
        return 0
    if existing and rows.connection.execute(f"SELECT 1 FROM {table.sql} LIMIT 1").fetchall():
        compare(table, rows.types(), existing)
    else:  # there are no other days whose columns must be kept
        existing = types_of_new(table, rows.types())
        _create(rows.connection, table, existing)
    return _insert(rows, table, existing, bounds)


def _create(connection: Connection, table: OwnTable, columns: Mapping[str, str]) -> None:
    lines = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())
    connection.execute(f"CREATE OR REPLACE TABLE {table.sql} ({lines})")


def _insert(
    rows: _Rows,
    table: OwnTable,
    columns: Mapping[str, str],
    bounds: Mapping[str, date] = MappingProxyType({}),
) -> int:
    given = rows.types()
    values = ", ".join(converted(name, given[name], kind) for name, kind in columns.items())
    within = "TRUE"
    if bounds:
        day = f"COALESCE(CAST({quoted(str(table.day))} AS VARCHAR), 'no day')"
        within = f"CASE WHEN {_within(table)} THEN TRUE ELSE error('{_OUTSIDE} ' || {day}) END"
    [(inserted,)] = rows.connection.execute(
        f"INSERT INTO {table.sql} ({', '.join(map(quoted, columns))}) "
        f"SELECT {values} FROM {rows.source} AS own_rows WHERE {within}",
        {**rows.parameters, **bounds},
    ).fetchall()
    return int(inserted)


def _within(table: OwnTable) -> str:
    return f"CAST({quoted(str(table.day))} AS DATE) BETWEEN $range_start AND $range_end"


def _existing(connection: Connection, table: OwnTable) -> dict[str, str]:
    """The type of each column of a table; empty if it does not exist."""
    place = {"schema": table.schema, "name": table.name}
    if not connection.execute(_IS_THERE, place).fetchall():
        return {}
    return _types(connection, f"SELECT * FROM {table.sql} LIMIT 0")


@contextmanager
def _explained(table: OwnTable) -> Iterator[None]:
    """Turns errors caused by the rows into messages that say where and what to do."""
    try:
        yield
    except duckdb.InvalidInputException as error:
        text = str(error).splitlines()[0]
        _, outside, day = text.partition(_OUTSIDE)
        if outside:
            raise UserError(
                f"{table.full_name} got rows outside the days of the run, such as{day}.",
                f"Return only rows of the requested partitions. {NOTHING}",
            ) from error
        _, unfit, what = text.partition(UNFIT)
        if unfit:
            raise changed(table, what.strip()) from error
        raise
    except (
        duckdb.BinderException,
        duckdb.CatalogException,
        duckdb.ParserException,
        duckdb.ConversionException,
        duckdb.OutOfRangeException,
    ) as error:
        raise UserError(f"The query of {table.full_name} fails: {error}", NOTHING) from error
