"""Where adapters run: a database in memory that holds the records of one file and nothing else.

An adapter is text that somebody has brought. Whatever its SELECT asks for, there is no warehouse
to be read, no other file, no network, and nobody's row but those of the file.
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
from ltv_platform.ingestion.adapters.file_relation import let_file_be
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

#: What comes where a SELECT does not suit the records, or asks for too much.
_FAULTS_OF_ADAPTERS = (
    duckdb.DataError,
    duckdb.ProgrammingError,
    duckdb.NotSupportedError,
    duckdb.PermissionException,
    TimeoutError,
)


_CENT = Decimal("0.01")

#: Names that staging gives to columns of its own; ``_line`` an adapter may give.
#: ``_rejected`` is a reason for which it wants a row quarantined.
_OWN = frozenset({"_record", "_rounded", "_reasons", "_unread", "_day", "_raw"})


@dataclass(frozen=True)
class Totals:
    """What a file says that its rows add up to, and what they do.

    Attributes:
        rows: How many rows there are.
        added: Their sum.
        said: Line and amount of each record that sums up others; NULL where no line is known.
    """

    rows: int
    added: Decimal
    said: tuple[tuple[int | None, Decimal], ...]

    @property
    def nearest(self) -> tuple[int | None, Decimal]:
        """The record that comes nearest to the sum; others sum up parts, or more than the file."""
        return min(self.said, key=lambda each: abs(each[1] - self.added))

    @property
    def agree(self) -> bool:
        """A record says what the rows add up to, up to the cents to which each row was rounded."""
        # The sum of so many rounding errors lies within four of its standard deviations.
        allowed = max(_CENT, _CENT * Decimal(4 * (self.rows / 12) ** 0.5))
        return abs(self.nearest[1] - self.added) <= allowed


@contextmanager
def open_adapter_database(settings: Settings, folder: Path) -> Iterator[Connection]:
    """An empty database in memory; the records are read into it before it is closed off.

    Args:
        settings: For the limits.
        folder: A folder of its own, which takes what does not fit into memory.
    """
    config = {**connection_config(settings), "temp_directory": str(_spill(folder))}
    with duckdb.connect(config=config) as connection:
        connection.execute("SET timezone = 'UTC'")
        yield connection


def _spill(folder: Path) -> Path:
    return folder / "spill"


class AdapterDatabase:
    """A database that holds the relation ``file``, closed off from everything else.

    Args:
        connection: A connection to it.
        settings: For the time limit.
        folder: Where the adapter's rows are written: the folder of the file's private copy.
        name: The file's name in messages.
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
        """The columns that an adapter makes, by the names of its aliases, with their types.

        Raises:
            UserError: it does not suit the file, or gives two columns one name.
        """
        with faults_of(adapter, self._connection, self._settings, self._name):
            for view, select in adapter.views:
                self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(view)} AS {select}")
            # DESCRIBE would give an alias the spelling of the file's column where the two differ
            # in case only, and a name that comes twice a number.
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
                f"Adapter {adapter.name} gives a column {taken[0]}, a name of the platform's own.",
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
        """Run an adapter once and write down its rows, every value as text.

        Args:
            adapter: The adapter.
            columns: Its columns, from :meth:`columns`.
            record: The file's columns, where each row is made of one record, which is kept beside
                it; None: rows are made of several records.
            kept: Columns of the output that then stand for what a row was made of.
            scales: Decimals of its columns, to which doubles are rounded.
            most: How many rows it may make.

        Returns:
            A SELECT of the columns as text, ``_line``, ``_record``, and ``_rounded``: how many
            doubles of a row have become another number. Where an adapter makes many rows of a
            record, they are numbered in the order of their values.

        Raises:
            UserError: it fails on the records, makes too many rows, or rows without a number of
                their own.
        """
        rows = adapter.select(*(() if record is None else (f"{packed(record)} AS _record",)))
        if most is not None:
            # A join that explodes ends early; one row too many tells it.
            rows = f"SELECT * FROM ({rows}) AS adapter LIMIT {most + 1}"
        if "_line" not in columns or adapter.many:
            # The values decide the order, so that the same file gives the same numbers again.
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
        with faults_of(adapter, self._connection, self._settings, self._name):
            self._connection.execute(
                f"COPY (SELECT {texts}_line, {made_of} AS _record, _rounded FROM ({counted}) AS "
                f"counted) TO {output} (FORMAT parquet, COMPRESSION lz4_raw)"
            )
        self._check(adapter, most)
        return f"SELECT * FROM read_parquet({output})"

    def first_of_unordered_dates(self, adapter: "Adapter", column: str) -> tuple[str, int] | None:
        """The first value of a column that has no values but dates like 05/09/2026, and its line.

        None: it has others, or none at all.
        """
        value = f"trim(CAST({quoted(column)} AS VARCHAR))"
        output = literal(str(self._outputs[adapter.table]))
        # Of most files the first value says enough.
        looked_at = self._connection.execute(
            f"SELECT {is_unordered_date(value)} FROM read_parquet({output}) "
            f"WHERE {value} <> '' LIMIT 1"
        ).fetchone()
        if looked_at != (True,):
            return None
        [(values, unordered, first, line)] = self._connection.execute(
            f"SELECT COUNT(value), COUNT(value) FILTER (WHERE unordered), "
            "ARG_MIN(value, _line) FILTER (WHERE unordered), MIN(_line) FILTER (WHERE unordered) "
            f"FROM (SELECT NULLIF({value}, '') AS value, {is_unordered_date(value)} AS unordered, "
            f"_line FROM read_parquet({output})) AS dates"
        ).fetchall()
        return (str(first), int(line)) if values and unordered == values else None

    def totals(self, adapter: "Adapter", amount: str) -> "Totals | None":
        """What the records that sum up others say of an amount, beside the sum of the others.

        Args:
            adapter: The adapter; its rows are written.
            amount: A column of them.

        Returns:
            None: there are no such records.
        """
        if adapter.layout.totals is None:
            return None
        line = "_line" if adapter.gives_line else "CAST(NULL AS BIGINT)"
        let_file_be(self._connection, "totals")
        with faults_of(adapter, self._connection, self._settings, self._name):
            said = self._connection.execute(
                f"SELECT {line} AS line, TRY_CAST({quoted(amount)} AS DECIMAL(38,6)) AS said "
                f"FROM ({adapter.select()}) AS totals WHERE said IS NOT NULL ORDER BY line, said"
            ).fetchall()
        let_file_be(self._connection, "details")
        if not said:
            return None
        output = literal(str(self._outputs[adapter.table]))
        [(rows, added)] = self._connection.execute(
            f"SELECT COUNT(*), COALESCE(SUM(TRY_CAST({quoted(amount)} AS DECIMAL(38,6))), 0) "
            f"FROM read_parquet({output})"
        ).fetchall()
        return Totals(int(rows), added, tuple(said))

    def _check(self, adapter: "Adapter", most: int | None) -> None:
        """Make sure that every row stands for a record of its own.

        Raises:
            UserError: there are more rows than records, or rows without a number of their own.
        """
        output = literal(str(self._outputs[adapter.table]))
        made, lines = self._connection.execute(
            f"SELECT COUNT(*), COUNT(DISTINCT _line) FROM read_parquet({output})"
        ).fetchall()[0]
        if most is not None and made > most:
            raise UserError(
                f"Adapter {adapter.name} makes more rows than the {most} records of {self._name}.",
                "An adapter may leave out or merge records; to multiply them it says: "
                "-- rows: many",
            )
        if lines < made:
            raise UserError(
                f"Adapter {adapter.name} gives several rows of {self._name} one _line, or none.",
                "Leave _line out, or let it be the number of one record, as in MIN(_line) AS "
                "_line.",
            )


def packed(columns: Collection[str]) -> str:
    """An expression that gives columns as one struct of texts; NULL of none."""
    if not columns:
        return "NULL"
    return (
        "struct_pack("
        + ", ".join(f"{quoted(c)} := CAST({quoted(c)} AS VARCHAR)" for c in columns)
        + ")"
    )


@contextmanager
def faults_of(
    adapter: "Adapter", connection: Connection, settings: Settings, name: str
) -> Iterator[None]:
    """Around what an adapter's SELECT does: it may fail, take all memory, or never end.

    Args:
        adapter: The adapter.
        connection: The connection that holds its ``file``.
        settings: For the time limit.
        name: What does not go through it, for the message.

    Raises:
        UserError: it did.
    """
    try:
        with time_limit(connection, settings.adapter_timeout):
            yield
    except duckdb.OutOfMemoryException as error:
        raise too_large(f"{name} with adapter {adapter.name}") from error
    except _FAULTS_OF_ADAPTERS as error:
        if isinstance(error, TimeoutError):
            hint = "Make the adapter simpler; LTV_ADAPTER_TIMEOUT gives it more time."
        else:
            columns = [row[0] for row in connection.execute("DESCRIBE file").fetchall()]
            hint = f"The file has the columns {some(columns)}; fix the adapter or the file."
        raise UserError(
            f"{name} does not go through adapter {adapter.name}: {str(error).splitlines()[0]}", hint
        ) from error
