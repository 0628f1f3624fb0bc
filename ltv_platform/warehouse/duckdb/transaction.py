"""Small writes to the raw layer and to user tables, on one connection."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb

from ltv_platform.contracts import SourceTable
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Select
from ltv_platform.warehouse.duckdb.raw_log import (
    append_load,
    load_sequence_of,
    next_sequence,
    touch,
)
from ltv_platform.warehouse.duckdb.writes import record_built
from ltv_platform.warehouse.engine import (
    Judged,
    Load,
    LoadCounts,
    RaisedError,
    StatementError,
    Writer,
)

if TYPE_CHECKING:
    import pyarrow as pa

Connection = duckdb.DuckDBPyConnection

_WRONG = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ParserException,
    duckdb.ConversionException,
    duckdb.OutOfRangeException,
)


class DuckDBTransaction:
    """A :class:`~ltv_platform.warehouse.engine.Transaction` that the engine has begun.

    There is one writer and transactions are sequential, so its number may be drawn at any time.
    """

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self._settings = settings

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """See :class:`~ltv_platform.warehouse.engine.Rows`."""
        return self._run(sql, parameters).fetchall()

    def execute(self, sql: str, parameters: Mapping[str, Any] | None = None) -> int:
        """See :class:`~ltv_platform.warehouse.engine.Transaction`."""
        counted = self._run(sql, parameters).fetchall()
        return int(counted[0][0]) if counted else 0

    def columns(self, source: str, parameters: Mapping[str, Any] | None = None) -> dict[str, str]:
        """See :class:`~ltv_platform.warehouse.engine.Transaction`."""
        result = self._run(f"SELECT * FROM {source} LIMIT 0", parameters)
        found = {name: str(kind) for name, kind, *_ in result.description}
        result.fetchall()  # an open result would block the connection
        return found

    @contextmanager
    def incoming(self, rows: "Select | pa.Table") -> Iterator[tuple[str, Mapping[str, Any]]]:
        """See :class:`~ltv_platform.warehouse.engine.Transaction`."""
        if isinstance(rows, Select):
            yield f"({rows.sql})", rows.parameters
            return
        self._connection.register("incoming_rows", rows)
        yield "incoming_rows", {}
        # After a failure, the rollback removes it.
        self._connection.unregister("incoming_rows")

    def touch(self, days: Mapping[str, Collection[date | None]]) -> None:
        """See :class:`~ltv_platform.warehouse.engine.Transaction`."""
        marks = [(table, day) for table, of_table in days.items() for day in of_table]
        touch(
            self._connection,
            "SELECT UNNEST(CAST($tables AS VARCHAR[])) AS table_name, "
            "UNNEST(CAST($days AS DATE[])) AS day",
            next_sequence(self._connection),
            self._settings,
            {"tables": [table for table, _ in marks], "days": [day for _, day in marks]},
        )

    def record(self, writer: Writer, days: tuple[date, date] | None) -> None:
        """See :class:`~ltv_platform.warehouse.engine.Transaction`."""
        bounds = {} if days is None else {"range_start": days[0], "range_end": days[1]}
        record_built(self._connection, writer, next_sequence(self._connection), bounds)

    def append(self, load: Load, judged: Judged, load_sequence: int | None = None) -> LoadCounts:
        """See :class:`~ltv_platform.warehouse.engine.Transaction`."""
        return append_load(
            self._connection,
            load,
            judged.rows,
            judged.rejected,
            self._settings,
            load_sequence=load_sequence,
        )

    def load_sequence_of(self, source: SourceTable, load_id: str) -> int:
        """See :class:`~ltv_platform.warehouse.engine.Transaction`."""
        return load_sequence_of(self._connection, source, load_id)

    def _run(self, sql: str, parameters: Mapping[str, Any] | None) -> Connection:
        try:
            return self._connection.execute(sql, dict(parameters or {}))
        except duckdb.InvalidInputException as error:
            raise RaisedError(str(error)) from error
        except _WRONG as error:
            raise StatementError(str(error)) from error
