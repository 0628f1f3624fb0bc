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
from ltv_platform.warehouse.engine import (
    Engine,
    RaisedError,
    Reader,
    StatementError,
    Transaction,
    Writer,
)

_OUTSIDE = "outside the days of the run:"


def write(
    engine: Engine,
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
        existing = types(engine, table)
        with (
            _explained(table),
            engine.transaction() as transaction,
            _rows(transaction, rows) as incoming,
        ):
            transaction.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(table.schema)}")
            if bounds:
                written = _replace_days(table, existing, incoming, bounds)
            else:
                written = _replace_whole(table, incoming)
            transaction.record(writer, days)
        published.show(engine, table.schema, table.name)
    return written


def read(
    engine: Reader, table: OwnTable, days: Sequence[tuple[date, date]] | None = None
) -> pa.Table:
    """The rows of a table, or of some ranges of days.

    Raises:
        UserError: it was never written.
    """
    if not types(engine, table):
        raise UserError(
            f"{table.full_name} does not exist: it was never written.",
            f"Materialize {table.schema}/{table.name} first.",
        )
    where, values = "", dict[str, date]()
    if days is not None:
        day = quoted(str(table.day))
        spans = [f"{day} BETWEEN $first_{i} AND $last_{i}" for i in range(len(days))]
        where = f" WHERE {' OR '.join(spans) or 'FALSE'}"
        for i, (first, last) in enumerate(days):
            values |= {f"first_{i}": first, f"last_{i}": last}
    return engine.fetch(f"SELECT * FROM {table.sql}{where}", values)


def types(engine: Reader, table: OwnTable) -> Mapping[str, str]:
    """The type of each column; empty if the table does not exist."""
    return engine.tables().get((table.schema, table.name), {})


def row_count(engine: Reader, table: OwnTable) -> int:
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

    transaction: Transaction
    source: str
    parameters: Mapping[str, Any]
    is_empty: bool

    def types(self) -> dict[str, str]:
        """The type of each column."""
        if not self.source:
            return {}
        return self.transaction.columns(self.source, self.parameters)


@contextmanager
def _rows(transaction: Transaction, rows: "Select | pa.Table") -> Iterator[_Rows]:
    if isinstance(rows, pa.Table) and not rows.column_names:
        yield _Rows(transaction, "", {}, is_empty=True)
        return
    with transaction.incoming(rows) as (source, parameters):
        is_empty = isinstance(rows, pa.Table) and rows.num_rows == 0
        yield _Rows(transaction, source, parameters, is_empty)


def _replace_whole(table: OwnTable, rows: _Rows) -> int:
    """Written next to the old table first, because the query may read that."""
    columns = types_of_new(table, rows.types())
    draft = OwnTable(table.schema, f"{table.name}__draft")
    _create(rows.transaction, draft, columns)
    inserted = _insert(rows, draft, columns)
    rows.transaction.execute(f"DROP TABLE IF EXISTS {table.sql}")
    rows.transaction.execute(f"ALTER TABLE {draft.sql} RENAME TO {quoted(table.name)}")
    return inserted


def _replace_days(
    table: OwnTable, existing: Mapping[str, str], rows: _Rows, bounds: Mapping[str, date]
) -> int:
    if existing:
        if table.day not in existing:
            raise UserError(
                f"{table.full_name} exists without the column {table.day}, which its asset's "
                "partition_expr names.",
                f"Name another column, or rename the table. {NOTHING}",
            )
        rows.transaction.execute(f"DELETE FROM {table.sql} WHERE {_within(table)}", bounds)
    if rows.is_empty and (existing or not rows.types()):
        return 0
    if existing and rows.transaction.rows(f"SELECT 1 FROM {table.sql} LIMIT 1"):
        compare(table, rows.types(), existing)
    else:  # there are no other days whose columns must be kept
        existing = types_of_new(table, rows.types())
        _create(rows.transaction, table, existing)
    return _insert(rows, table, existing, bounds)


def _create(transaction: Transaction, table: OwnTable, columns: Mapping[str, str]) -> None:
    lines = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())
    transaction.execute(f"CREATE OR REPLACE TABLE {table.sql} ({lines})")


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
    return rows.transaction.execute(
        f"INSERT INTO {table.sql} ({', '.join(map(quoted, columns))}) "
        f"SELECT {values} FROM {rows.source} AS own_rows WHERE {within}",
        {**rows.parameters, **bounds},
    )


def _within(table: OwnTable) -> str:
    return f"CAST({quoted(str(table.day))} AS DATE) BETWEEN $range_start AND $range_end"


@contextmanager
def _explained(table: OwnTable) -> Iterator[None]:
    """Turns errors caused by the rows into messages that say where and what to do."""
    try:
        yield
    except RaisedError as error:
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
    except StatementError as error:
        raise UserError(f"The query of {table.full_name} fails: {error}", NOTHING) from error
