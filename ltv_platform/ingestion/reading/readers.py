"""Makes the records of a private copy something to SELECT from, and says how they are numbered.

The engine reads what it can be trusted with: Parquet, and delimited files that are perfectly
regular, see ``csv_regularity``. Everything else is split by hand first, see ``hand_split``.
Records that cannot be split into columns stand in a temporary table ``malformed`` (line, raw,
reason): nothing is skipped in silence.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.ingestion.files.private_copy import PrivateCopy
from ltv_platform.ingestion.reading.dialect import Dialect
from ltv_platform.ingestion.reading.double_rounding import Scales, rounded_count_sql, rounded_sql
from ltv_platform.ingestion.reading.hand_split import (
    RecordFiles,
    split_delimited,
    split_json,
    split_json_lines,
    split_on_blanks,
)
from ltv_platform.ingestion.reading.headers import distinct, ends_with_notice, find_header
from ltv_platform.warehouse.duckdb.error_texts import takes_no_more

Connection = duckdb.DuckDBPyConnection

#: Longest record in bytes that the engine's CSV reader is trusted with.
_LONGEST_RECORD = 16 << 20
#: Engine types that hold more than one value.
_NESTED = re.compile(r"\]$|^(STRUCT|MAP|UNION)\b")
#: Else a folder such as ``country=DE`` on the way to LTV_HOME would pass for a column, and stand
#: in every row in place of the file's own values.
_NO_VALUES_OF_FOLDERS = "hive_partitioning = false"

#: What comes of delimited text that the engine's reader stumbles over.
_UNRELIABLE = (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.IOException)


class UnreliableReadError(Exception):
    """The engine stumbled over a delimited file; splitting it by hand tells where."""


@dataclass(frozen=True)
class Records:
    """The records of a file.

    Attributes:
        columns: The file's own columns.
        select: A SELECT that gives them as text, in the order of the file.
        first_line: The number of the first record, where records are numbered by their place in
            a table made of the SELECT; None: the SELECT gives ``_line`` itself.
        lines: How many records the file must give, where that is known without reading it.
        by_engine: Read by the engine's CSV reader: see :func:`confirm`.
        has_doubles: The SELECT gives ``_rounded``: how many doubles of a record were rounded.
        around: Titles and notices around the records.
        notes: What the user should know of where they were found.
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
    """The records of a private copy, and the temporary table ``malformed``.

    Args:
        connection: The staging connection.
        copy: The private copy.
        dialect: How a delimited file is written.
        wanted: Column names that tell the delimiter, and that stand in for the columns of a
            file without any record.
        single: Columns that hold one value each, no lists or objects.
        scales: How doubles of Parquet are rounded.
        by_hand: Do not leave a delimited file to the engine.

    Raises:
        UserError: the file is empty, or is not what its ending says.
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
    # The engine numbers the rows of a table as ``rowid``, which a column of that name would hide.
    by_hand = by_hand or "rowid" in (name.lower() for name in columns)
    if dialect.titled:
        by_hand = by_hand or found.number > 1 or ends_with_notice(copy.path, delimiter)
    if not by_hand:
        # It takes numpy, which nothing else of ingestion does.
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
    """Make the temporary table of records that cannot be split, empty."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE malformed (line BIGINT, raw VARCHAR, reason VARCHAR)"
    )


@contextmanager
def engine_reads(copy: PrivateCopy) -> Iterator[None]:
    """Around a statement that reads a file's records.

    Raises:
        UserError: a Parquet file is damaged, or memory does not suffice.
        UnreliableReadError: the engine stumbled over a delimited file.
    """
    try:
        with enough_memory(copy.name):
            yield
    except duckdb.InterruptException:
        raise
    # Of damaged Parquet come errors of every class, and what the engine calls internal ones.
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
    """Around a statement that may take more memory than there is.

    Args:
        what: What needs it, for the message.

    Raises:
        UserError: it did.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise too_large(what) from error


def too_large(what: str) -> UserError:
    """What to say where the engine's memory does not suffice."""
    return UserError(
        f"{what} needs more memory than the engine may take.",
        "LTV_MEMORY_LIMIT gives it more; or split the file, or keep the columns that are needed.",
    )


def confirm(connection: Connection, records: Records, count: int) -> None:
    """Make sure that what the engine has read is the whole file.

    Args:
        connection: The staging connection.
        records: What was read.
        count: How many records came out.

    Raises:
        UnreliableReadError: it rejected records, or lost some.
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
        split_on_blanks(copy.path, files, dialect)
    else:
        files = RecordFiles(folder, name=copy.name, single=single)
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
    _read_aside(copy)
    with engine_reads(copy):
        described = connection.execute(
            f"DESCRIBE SELECT * FROM read_parquet({path}, {_NO_VALUES_OF_FOLDERS})"
        ).fetchall()
        schema = connection.execute(
            f"SELECT name, COALESCE(num_children, 0) FROM parquet_schema({path})"
        ).fetchall()
    # The engine gives a name that comes twice, or none, a new one.
    distinct([name for name in _top_level(schema) if name], copy)
    nested = [name for name, kind, *_ in described if name in single and _NESTED.search(kind)]
    if nested:
        raise UserError(
            f"{copy.name}: {nested[0]} holds lists or objects, not single values.",
            "Write out the column that is meant; nothing was loaded.",
        )
    columns = distinct([name for name, *_ in described], copy)
    texts = ", ".join(
        f"CAST({_value(name, kind, scales)} AS VARCHAR) AS {quoted(name)}"
        for name, kind, *_ in described
    )
    kinds = {name: kind for name, kind, *_ in described}
    # An adapter gets to see fifteen digits; what it makes of them is rounded and counted later.
    rounded = "0" if scales is None else rounded_count_sql(kinds, scales)
    counted = "" if rounded == "0" else f"{rounded} AS _rounded, "
    return Records(
        columns,
        f"SELECT {texts}, {counted}file_row_number + 1 AS _line FROM {source}",
        has_doubles=bool(counted),
    )


def _value(name: str, kind: str, scales: Scales) -> str:
    """A value of Parquet on its way to text: of lists and objects, JSON as other files have it."""
    return f"to_json({quoted(name)})" if _NESTED.search(kind) else rounded_sql(name, kind, scales)


def _read_aside(copy: PrivateCopy) -> None:
    """Read all of a Parquet file in a database of its own, before the warehouse's engine does.

    Of some damage the engine makes an internal error, after which it refuses every further
    statement: no file may do that to the warehouse, and to the files that come after it.

    Raises:
        UserError: it is damaged.
    """
    with engine_reads(copy), duckdb.connect(config={"python_enable_replacements": False}) as aside:
        aside.execute(
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
    """What to say of a Parquet file that cannot be read, from its beginning or further on."""
    why = str(error).splitlines()[0].replace(str(copy.path), copy.name)
    return UserError(
        f"{copy.name} is not a Parquet file, or a damaged one ({why}).",
        "Check how it was made; nothing of it was loaded.",
    )


def _count(connection: Connection, table: str) -> int:
    return int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchall()[0][0])
