"""Runs adapters in an in-memory database that holds only the records of one file.

An adapter is untrusted SQL. No matter what its SELECT contains, it cannot reach the warehouse,
another file, the network, or any row outside the file.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from ltv_platform.contracts.ddl import column_list, literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters.confinement import confine
from ltv_platform.ingestion.adapters.file_relation import point_file_to
from ltv_platform.ingestion.adapters.time_limit import time_limit
from ltv_platform.ingestion.adapters.written_forms import is_unordered_date
from ltv_platform.ingestion.messages import some
from ltv_platform.ingestion.reading.double_rounding import Scales, rounded_count_sql, rounded_sql
from ltv_platform.ingestion.reading.readers import too_large
from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb.connection import connection_config

if TYPE_CHECKING:
    from ltv_platform.ingestion.adapters.adapter import Adapter

Connection = duckdb.DuckDBPyConnection

#: Errors of a SELECT that does not fit the records, or asks for too much.
_ADAPTER_ERRORS = (
    duckdb.DataError,
    duckdb.ProgrammingError,
    duckdb.NotSupportedError,
    duckdb.PermissionException,
    TimeoutError,
)


_CENT = Decimal("0.01")

#: Names of staging's own columns. An adapter may return ``_line``, and ``_rejected``, a reason to
#: quarantine the row.
_OWN = frozenset({"_record", "_rounded", "_reasons", "_unread", "_day", "_raw"})


@dataclass(frozen=True)
class Totals:
    """The totals that a file states, and the sum of its rows.

    Attributes:
        rows: Number of rows.
        added: Their sum.
        stated: Line and amount of each total; the line is NULL if unknown.
    """

    rows: int
    added: Decimal
    stated: tuple[tuple[int | None, Decimal], ...]

    @property
    def nearest(self) -> tuple[int | None, Decimal]:
        """The total closest to the sum; others are subtotals, or cover more than the file."""
        return min(self.stated, key=lambda each: abs(each[1] - self.added))

    @property
    def agree(self) -> bool:
        """A total equals the sum of the rows, up to the rounding of each row to cents."""
        # The sum of the rounding errors lies within four standard deviations.
        allowed = max(_CENT, _CENT * Decimal(4 * (self.rows / 12) ** 0.5))
        return abs(self.nearest[1] - self.added) <= allowed


@contextmanager
def open_adapter_database(settings: Settings, folder: Path) -> Iterator[Connection]:
    """Open an empty in-memory database; it is confined after the records are read.

    Args:
        settings: Limits of time and memory.
        folder: Its own folder, for data that does not fit into memory.
    """
    config = {**connection_config(settings), "temp_directory": str(_spill(folder))}
    with duckdb.connect(config=config) as connection:
        connection.execute("SET timezone = 'UTC'")
        yield connection


def _spill(folder: Path) -> Path:
    return folder / "spill"


class AdapterDatabase:
    """A confined database with the relation ``file``.

    Args:
        connection: A connection to it.
        settings: For the time limit.
        folder: Where rows are written: the folder of the file's private copy.
        name: Name of the file in messages.
        tables: The tables that rows are written for.
    """

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        folder: Path,
        name: str,
        tables: Collection[str],
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._name = name
        self._outputs = {table: folder / f"adapted_{table}.parquet" for table in tables}
        confine(connection, _spill(folder), paths=self._outputs.values())

    def columns(self, adapter: "Adapter") -> dict[str, str]:
        """The adapter's output columns, named by their aliases, with their types.

        Raises:
            UserError: the adapter does not fit the file, or names two columns alike.
        """
        with adapter_errors(adapter, self._connection, self._settings, self._name):
            for view, select in adapter.views:
                self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(view)} AS {select}")
            # DESCRIBE would spell an alias like the file's column if they differ only in case, and
            # would number repeated names.
            result = self._connection.execute(adapter.select(limit=0))
        columns = [(name, str(kind)) for name, kind, *_ in result.description]
        folded = [name.lower() for name, _ in columns]
        twice = sorted({name for name, _ in columns if folded.count(name.lower()) > 1})
        if twice:
            raise UserError(
                f"Adapter {adapter.name} gives {some(twice)} more than once.",
                "Give each column once; write SELECT * REPLACE (… AS name) to change one of all.",
            )
        taken = sorted(set(folded) & _OWN)
        if taken:
            raise UserError(
                f"Adapter {adapter.name} gives a column {taken[0]}, a name that the platform "
                "reserves.",
                "Give it another name.",
            )
        return dict(columns)

    def write(
        self,
        adapter: "Adapter",
        columns: Mapping[str, str],
        *,
        record: Sequence[str] | None,
        kept: Collection[str] = (),
        scales: Scales = None,
        most: int | None = None,
    ) -> str:
        """Run an adapter once and write its rows to a file, every value as text.

        Args:
            adapter: The adapter.
            columns: Its columns, from :meth:`columns`.
            record: The file's columns, if each row comes from one record, which is kept with the
                row;
                None: rows come from several records.
            kept: Output columns to keep with the row in that case.
            scales: Decimals of its columns, to which doubles are rounded.
            most: Maximum number of rows.

        Returns:
            A SELECT of the columns as text, ``_line``, ``_record``, and ``_rounded``: the number of
            doubles of a row that rounding has changed. If an adapter returns many rows per record,
            they are numbered in the order of their values.

        Raises:
            UserError: the adapter fails on the records, or returns too many rows, or rows without
                a unique number.
        """
        rows = adapter.select(*(() if record is None else (f"{packed(record)} AS _record",)))
        if most is not None:
            # Ends an exploding join early; one row too many reveals it.
            rows = f"SELECT * FROM ({rows}) AS adapter LIMIT {most + 1}"
        if "_line" not in columns or adapter.many:
            # Ordered by the values, so that the same file gets the same numbers again.
            order = column_list(tuple(columns))
            line = f"ROW_NUMBER() OVER (ORDER BY {order}) AS _line"
            given = f"* REPLACE ({line})" if "_line" in columns else f"*, {line}"
            rows = f"SELECT {given} FROM ({rows}) AS rows"
        kinds = {name: kind for name, kind in columns.items() if name != "_line"}
        texts = "".join(f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}, " for name in kinds)
        made_of = "_record" if record is not None else packed(kept)
        replaced = ", ".join(
            f"{expression} AS {quoted(name)}"
            for name, kind in kinds.items()
            if (expression := rounded_sql(name, kind, scales)) != quoted(name)
        )
        replaced = f"{replaced}, " if replaced else ""
        output = literal(str(self._outputs[adapter.table]))
        counted = (
            f"SELECT * REPLACE ({replaced}TRY_CAST(_line AS BIGINT) AS _line), "
            f"{rounded_count_sql(kinds, scales)} AS _rounded FROM ({rows}) AS adapter"
        )
        with adapter_errors(adapter, self._connection, self._settings, self._name):
            self._connection.execute(
                f"COPY (SELECT {texts}_line, {made_of} AS _record, _rounded FROM ({counted}) AS "
                f"counted) TO {output} (FORMAT parquet, COMPRESSION lz4_raw)"
            )
        self._check(adapter, most)
        return f"SELECT * FROM read_parquet({output})"

    def first_of_unordered_dates(self, adapter: "Adapter", column: str) -> tuple[str, int] | None:
        """Find the first value and its line in a column with nothing but dates like 05/09/2026.

        None: the column has other values, or none.
        """
        value = f"trim(CAST({quoted(column)} AS VARCHAR))"
        output = literal(str(self._outputs[adapter.table]))
        # For most files, the first value settles it.
        first_value = self._connection.execute(
            f"SELECT {is_unordered_date(value)} FROM read_parquet({output}) "
            f"WHERE {value} <> '' LIMIT 1"
        ).fetchone()
        if first_value != (True,):
            return None
        [(values, unordered, first, line)] = self._connection.execute(
            f"SELECT COUNT(value), COUNT(value) FILTER (WHERE unordered), "
            "ARG_MIN(value, _line) FILTER (WHERE unordered), MIN(_line) FILTER (WHERE unordered) "
            f"FROM (SELECT NULLIF({value}, '') AS value, {is_unordered_date(value)} AS unordered, "
            f"_line FROM read_parquet({output})) AS dates"
        ).fetchall()
        return (str(first), int(line)) if values and unordered == values else None

    def totals(self, adapter: "Adapter", amount: str) -> "Totals | None":
        """The totals that the file states for an amount, and the sum of the other rows.

        Args:
            adapter: The adapter; its rows are already written.
            amount: A column of these rows.

        Returns:
            The totals; None: the file states none.
        """
        if adapter.layout.totals is None:
            return None
        line = "_line" if adapter.gives_line else "CAST(NULL AS BIGINT)"
        point_file_to(self._connection, "totals")
        with adapter_errors(adapter, self._connection, self._settings, self._name):
            stated = self._connection.execute(
                f"SELECT {line} AS line, TRY_CAST({quoted(amount)} AS DECIMAL(38,6)) AS stated "
                f"FROM ({adapter.select()}) AS totals "
                "WHERE stated IS NOT NULL ORDER BY line, stated"
            ).fetchall()
        point_file_to(self._connection, "details")
        if not stated:
            return None
        output = literal(str(self._outputs[adapter.table]))
        [(rows, added)] = self._connection.execute(
            f"SELECT COUNT(*), COALESCE(SUM(TRY_CAST({quoted(amount)} AS DECIMAL(38,6))), 0) "
            f"FROM read_parquet({output})"
        ).fetchall()
        return Totals(int(rows), added, tuple(stated))

    def _check(self, adapter: "Adapter", most: int | None) -> None:
        """Check that every row comes from one record.

        Raises:
            UserError: there are more rows than records, or rows without a unique number.
        """
        output = literal(str(self._outputs[adapter.table]))
        made, lines = self._connection.execute(
            f"SELECT COUNT(*), COUNT(DISTINCT _line) FROM read_parquet({output})"
        ).fetchall()[0]
        if most is not None and made > most:
            raise UserError(
                f"Adapter {adapter.name} returns more rows than the {most} records of "
                f"{self._name}.",
                "An adapter may drop or merge records; to multiply them, add the line: -- rows: "
                "many",
            )
        if lines < made:
            raise UserError(
                f"Adapter {adapter.name} returns several rows of {self._name} with the same "
                "_line, or with none.",
                "Drop _line, or make it the number of one record, as in MIN(_line) AS _line.",
            )


def packed(columns: Collection[str]) -> str:
    """SQL that packs columns into a struct of texts; NULL for no columns."""
    if not columns:
        return "NULL"
    return (
        "struct_pack("
        + ", ".join(f"{quoted(c)} := CAST({quoted(c)} AS VARCHAR)" for c in columns)
        + ")"
    )


@contextmanager
def adapter_errors(
    adapter: "Adapter", connection: Connection, settings: Settings, name: str
) -> Iterator[None]:
    """Wrap a query of an adapter: it may fail, run out of memory, or never end.

    Args:
        adapter: The adapter.
        connection: The connection with its ``file``.
        settings: For the time limit.
        name: The input, for messages.

    Raises:
        UserError: the query failed, ran out of memory, or reached the time limit.
    """
    try:
        with time_limit(connection, settings.adapter_timeout):
            yield
    except duckdb.OutOfMemoryException as error:
        raise too_large(f"{name} with adapter {adapter.name}") from error
    except _ADAPTER_ERRORS as error:
        if isinstance(error, TimeoutError):
            hint = "Simplify the adapter, or raise LTV_ADAPTER_TIMEOUT."
        else:
            columns = [row[0] for row in connection.execute("DESCRIBE file").fetchall()]
            hint = f"The file has the columns {some(columns)}; fix the adapter or the file."
        raise UserError(
            f"{name} does not fit adapter {adapter.name}: {str(error).splitlines()[0]}", hint
        ) from error
