"""Makes the records of a private copy available as a SELECT.

The engine reads what it can be trusted with: Parquet, and perfectly regular delimited files (see
``csv_regularity``). Everything else is split by hand first (see ``hand_split``). Records that
cannot be split into columns go to a temporary table ``malformed`` (line, raw, reason): nothing is
skipped silently.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.ingestion.files.private_copy import PrivateCopy, is_events
from ltv_platform.ingestion.reading.dialect import Dialect
from ltv_platform.ingestion.reading.double_rounding import Scales, rounded_count_sql, rounded_sql
from ltv_platform.ingestion.reading.hand_split import (
    RecordFiles,
    split_delimited,
    split_json,
    split_json_lines,
    split_on_whitespace,
)
from ltv_platform.ingestion.reading.headers import distinct, ends_with_notice, find_header
from ltv_platform.warehouse.error_texts import takes_no_more

Connection = duckdb.DuckDBPyConnection

#: Longest record in bytes that the engine's CSV reader is trusted with.
_LONGEST_RECORD = 16 << 20
#: Engine types that hold more than one value.
_NESTED = re.compile(r"\]$|^(STRUCT|MAP|UNION)\b")
#: Otherwise a folder such as ``country=DE`` on the path to LTV_HOME would become a column, and
#: replace the file's own values in every row.
_NO_VALUES_OF_FOLDERS = "hive_partitioning = false"

#: Errors that the engine's reader raises for delimited text.
_UNRELIABLE = (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.IOException)


class UnreliableReadError(Exception):
    """The engine failed on a delimited file; splitting it by hand finds the record."""


@dataclass(frozen=True)
class Records:
    """The records of a file.

    Attributes:
        columns: The file's own columns.
        select: A SELECT that returns them as text, in file order.
        first_line: Number of the first record, if records are numbered by their position in a
            table made from the SELECT; None: the SELECT returns ``_line`` itself.
        lines: Number of records the file must give, if known without reading it.
        by_engine: Read by the engine's CSV reader; see :func:`confirm`.
        has_doubles: The SELECT returns ``_rounded``, the number of rounded doubles of a record.
        around: Titles and notices around the records.
        notes: What the user should know about where the records were found.
    """

    columns: tuple[str, ...]
    select: str
    first_line: int | None = None
    lines: int | None = None
    by_engine: bool = False
    has_doubles: bool = False
    around: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def open_file(
    connection: Connection,
    copy: PrivateCopy,
    dialect: Dialect,
    wanted: Collection[str],
    *,
    single: Collection[str] = (),
    scales: Scales = None,
    by_hand: bool = False,
) -> Records:
    """Open the records of a private copy, and fill the temporary table ``malformed``.

    Args:
        connection: The staging connection.
        copy: The private copy.
        dialect: How a delimited file is written.
        wanted: Column names that reveal the delimiter, and that stand in for the columns of a
            file without records.
        single: Columns that must hold single values, not lists or objects.
        scales: Decimals to round doubles of Parquet to.
        by_hand: Do not let the engine parse a delimited file.

    Raises:
        UserError: the file is empty, or its content contradicts its extension.
    """
    make_malformed(connection)
    for name in ("reject_errors", "reject_scans"):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    if copy.path.stat().st_size == 0:
        raise UserError(f"{copy.name} is empty.", "Nothing to load; check how it was made.")
    if copy.format == "parquet":
        return _open_parquet(connection, copy, single, scales)
    if copy.format != "csv" or dialect.whitespace:
        return _open_by_hand(connection, copy, dialect, wanted, single)
    found = find_header(copy, dialect, wanted)
    columns, delimiter = found.columns, found.delimiter
    # The engine numbers the rows of a table as ``rowid``; a column of that name would hide it.
    by_hand = by_hand or "rowid" in (name.lower() for name in columns)
    if dialect.titled:
        by_hand = by_hand or found.number > 1 or ends_with_notice(copy.path, delimiter)
    if not by_hand:
        # Imported here: nothing else in ingestion needs numpy.
        from ltv_platform.ingestion.reading.csv_regularity import shape_of  # noqa: PLC0415

        shape = shape_of(copy.path, delimiter, dialect.quote, len(columns))
        if shape.regular:
            header = int(dialect.header)
            return Records(
                columns,
                f"SELECT * FROM {_read_csv(copy.path, columns, delimiter, dialect)}",
                first_line=1 + header,
                lines=None if shape.lines is None else shape.lines - header,
                by_engine=True,
            )
    files = RecordFiles(copy.path.with_name("records"), columns, copy.name)
    split_delimited(copy.path, files, dialect, delimiter, found.number)
    return _open_records(connection, copy, files)


def make_malformed(connection: Connection) -> None:
    """Create the temporary table for records that cannot be split, empty."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE malformed (line BIGINT, raw VARCHAR, reason VARCHAR)"
    )


@contextmanager
def engine_reads(copy: PrivateCopy) -> Iterator[None]:
    """Wrap a statement that reads a file's records.

    Raises:
        UserError: a Parquet file is damaged, or there is not enough memory.
        UnreliableReadError: the engine failed on a delimited file.
    """
    try:
        with enough_memory(copy.name):
            yield
    except duckdb.InterruptException:
        raise
    # Damaged Parquet raises errors of every class, including the engine's internal errors.
    except (duckdb.Error, RuntimeError) as error:
        if isinstance(error, duckdb.Error) and takes_no_more(error):
            raise
        if copy.format == "parquet":
            raise _damaged_parquet(copy, error) from error
        if not isinstance(error, _UNRELIABLE):
            raise
        raise UnreliableReadError from error


@contextmanager
def enough_memory(what: str) -> Iterator[None]:
    """Wrap a statement that may run out of memory.

    Args:
        what: What needs the memory, for the message.

    Raises:
        UserError: the statement ran out of memory.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise too_large(what) from error


def too_large(what: str) -> UserError:
    """The error for something that exceeds the engine's memory."""
    return UserError(
        f"{what} needs more memory than the engine may use.",
        "Raise LTV_MEMORY_LIMIT, split the file, or keep only the needed columns.",
    )


def confirm(connection: Connection, records: Records, count: int) -> None:
    """Confirm that the engine has read the whole file.

    Args:
        connection: The staging connection.
        records: The records that were read.
        count: Number of records that were returned.

    Raises:
        UnreliableReadError: the engine rejected or lost records.
    """
    if not records.by_engine:
        return
    if _count(connection, "reject_errors") or records.lines not in (None, count):
        raise UnreliableReadError


def _read_csv(path: Path, columns: Sequence[str], delimiter: str, dialect: Dialect) -> str:
    types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
    quote = literal(dialect.quote)
    return (
        f"read_csv({literal(str(path))}, columns = {{{types}}}, auto_detect = false, "
        f"delim = {literal(delimiter)}, quote = {quote}, escape = {quote}, "
        f"header = {str(dialect.header).lower()}, max_line_size = {_LONGEST_RECORD}, "
        f"{_NO_VALUES_OF_FOLDERS}, "
        "store_rejects = true, rejects_table = 'reject_errors', rejects_scan = 'reject_scans')"
    )


def _open_by_hand(
    connection: Connection,
    copy: PrivateCopy,
    dialect: Dialect,
    wanted: Collection[str],
    single: Collection[str],
) -> Records:
    folder = copy.path.with_name("records")
    if copy.format == "csv":
        columns = dialect.columns
        if dialect.header:
            with copy.path.open(encoding="utf-8", errors="replace") as text:
                columns = tuple(next((line.split() for line in text if line.strip()), ()))
        files = RecordFiles(folder, distinct(columns, copy), copy.name)
        split_on_whitespace(copy.path, files, dialect)
    else:
        only = wanted if is_events(copy.name) else None
        files = RecordFiles(folder, name=copy.name, single=single, only=only)
        if copy.format == "json":
            notes = split_json(copy.path, files, wanted)
            return replace(_open_records(connection, copy, files), notes=tuple(notes))
        split_json_lines(copy.path, files, wanted)
    return _open_records(connection, copy, files)


def _open_records(connection: Connection, copy: PrivateCopy, files: RecordFiles) -> Records:
    columns = distinct(tuple(files.columns), copy)
    names = "".join(f"{quoted(name)}, " for name in columns)
    parts = literal(str(files.folder / "records_*.parquet"))
    rejected = literal(str(files.folder / "malformed_*.parquet"))
    connection.execute(
        "INSERT INTO malformed SELECT line, raw, reason "
        f"FROM read_parquet({rejected}, {_NO_VALUES_OF_FOLDERS})"
    )
    read = f"read_parquet({parts}, union_by_name = true, {_NO_VALUES_OF_FOLDERS})"
    return Records(columns, f"SELECT {names}_line FROM {read}", around=tuple(files.around))


def _open_parquet(
    connection: Connection, copy: PrivateCopy, single: Collection[str], scales: Scales
) -> Records:
    path = literal(str(copy.path))
    source = f"read_parquet({path}, file_row_number = true, {_NO_VALUES_OF_FOLDERS})"
    _probe(copy)
    with engine_reads(copy):
        described = connection.execute(
            f"DESCRIBE SELECT * FROM read_parquet({path}, {_NO_VALUES_OF_FOLDERS})"
        ).fetchall()
        schema = connection.execute(
            f"SELECT name, COALESCE(num_children, 0) FROM parquet_schema({path})"
        ).fetchall()
    # The engine renames columns whose names are repeated or empty.
    distinct([name for name in _top_level(schema) if name], copy)
    nested = [name for name, kind, *_ in described if name in single and _NESTED.search(kind)]
    if nested:
        raise UserError(
            f"{copy.name}: {nested[0]} holds lists or objects, not single values.",
            "Export the needed field as a separate column; nothing was loaded.",
        )
    columns = distinct([name for name, *_ in described], copy)
    texts = ", ".join(
        f"CAST({_value(name, kind, scales)} AS VARCHAR) AS {quoted(name)}"
        for name, kind, *_ in described
    )
    kinds = {name: kind for name, kind, *_ in described}
    # An adapter sees fifteen digits; its output is rounded and counted later.
    rounded = "0" if scales is None else rounded_count_sql(kinds, scales)
    counted = "" if rounded == "0" else f"{rounded} AS _rounded, "
    return Records(
        columns,
        f"SELECT {texts}, {counted}file_row_number + 1 AS _line FROM {source}",
        has_doubles=bool(counted),
    )


def _value(name: str, kind: str, scales: Scales) -> str:
    """SQL that turns a Parquet value into text; lists and objects become JSON, as elsewhere."""
    return f"to_json({quoted(name)})" if _NESTED.search(kind) else rounded_sql(name, kind, scales)


def _probe(copy: PrivateCopy) -> None:
    """Read a whole Parquet file in a separate database, before the warehouse's engine does.

    Some damage causes an internal error, after which the engine refuses all further statements. No
    file may do that to the warehouse and to the files that follow.

    Raises:
        UserError: the file is damaged.
    """
    with (
        engine_reads(copy),
        duckdb.connect(config={"python_enable_replacements": False}) as probe,
    ):
        probe.execute(
            "SELECT BIT_XOR(HASH(COLUMNS(*))) "
            f"FROM read_parquet({literal(str(copy.path))}, {_NO_VALUES_OF_FOLDERS})"
        )


def _top_level(schema: Sequence[tuple[str, int]]) -> Iterator[str]:
    """The columns of a Parquet schema, which lists the root and then all elements depth first."""
    within = 0
    for name, children in schema[1:]:
        if within == 0:
            yield name
        within += children - (within > 0)


def _damaged_parquet(copy: PrivateCopy, error: Exception) -> UserError:
    """The error for a Parquet file that cannot be read, at its beginning or later."""
    why = str(error).splitlines()[0].replace(str(copy.path), copy.name)
    return UserError(
        f"{copy.name} is not a Parquet file, or a damaged one ({why}).",
        "Check how it was made; nothing was loaded.",
    )


def _count(connection: Connection, table: str) -> int:
    return int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchall()[0][0])
