"""Makes a private copy a relation ``file`` of the staging connection.

The table ``file`` has the file's columns as text, ``_line`` (record number, the header being 1)
and ``_file`` (name of the file). Records that cannot be split into columns stand beside it in
``malformed`` (line, raw, reason): nothing is skipped in silence.
"""

import csv
import mmap
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters import Dialect
from ltv_platform.ingestion.files import PrivateCopy
from ltv_platform.ingestion.records import (
    RecordFiles,
    check_width,
    split_delimited,
    split_json,
    split_json_lines,
    split_on_blanks,
)

Connection = duckdb.DuckDBPyConnection

_SNIFFED_DELIMITERS = (",", ";", "\t", "|")
#: Longest record in bytes that the engine's CSV reader is trusted with.
_LONGEST_RECORD = 16 << 20
#: Bytes that are looked at together.
_BLOCK = 32 << 20
_LINE_FEED, _CARRIAGE_RETURN = 10, 13
#: Engine types that hold more than one value.
_NESTED = re.compile(r"\]$|^(STRUCT|MAP|UNION)\b")
#: Characters of a name that a message shows.
_SHOWN = 30
#: Names that the relation ``file`` gives to columns of its own.
_OWN_COLUMNS = ("_line", "_file")


@dataclass(frozen=True)
class Opened:
    """What a file holds.

    Attributes:
        columns: The file's own columns.
        records: Number of records in ``file``.
        malformed: Number of records in ``malformed``.
    """

    columns: tuple[str, ...]
    records: int
    malformed: int


def open_file(
    connection: Connection,
    copy: PrivateCopy,
    dialect: Dialect,
    wanted: Collection[str],
    single: Collection[str] = (),
) -> Opened:
    """Create the temporary tables ``file`` and ``malformed`` for a private copy.

    Args:
        connection: The staging connection.
        copy: The private copy.
        dialect: How a delimited file is written.
        wanted: Column names that tell the delimiter, and that stand in for the columns of a
            file without any record.
        single: Columns that hold one value each, no lists or objects.

    Raises:
        UserError: the file is empty, or is not what its ending says.
    """
    for name in ("file", "malformed", "reject_errors", "reject_scans"):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    if copy.path.stat().st_size == 0:
        raise UserError(f"{copy.name} is empty.", "Nothing to load; check how it was made.")
    if copy.format == "parquet":
        columns = _open_parquet(connection, copy, single)
    elif copy.format == "csv" and not dialect.whitespace:
        columns = _open_csv(connection, copy, dialect, wanted)
    else:
        columns = _open_by_hand(connection, copy, dialect, wanted, single)
    return Opened(columns, _count(connection, "file"), _count(connection, "malformed"))


def _open_csv(
    connection: Connection, copy: PrivateCopy, dialect: Dialect, wanted: Collection[str]
) -> tuple[str, ...]:
    """The engine's reader where the file is regular, else record by record."""
    columns, delimiter = _csv_columns(copy, dialect, wanted)
    if _is_regular(copy.path, delimiter, dialect.quote):
        try:
            _create_file(
                connection,
                copy,
                f"SELECT *, ROW_NUMBER() OVER () + {int(dialect.header)} AS _line "
                f"FROM {_read_csv(copy.path, columns, delimiter, dialect)}",
            )
            if _count(connection, "reject_errors") == 0:
                _create_malformed(connection)
                return columns
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            pass  # Splitting by hand says which record it is.
        connection.execute("DROP TABLE IF EXISTS file")
    files = RecordFiles(copy.path.with_name("records"), columns, copy.name)
    split_delimited(copy.path, files, dialect, delimiter)
    return _open_records(connection, copy, files)


def _read_csv(path: Path, columns: Sequence[str], delimiter: str, dialect: Dialect) -> str:
    types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
    quote = literal(dialect.quote)
    return (
        f"read_csv({literal(str(path))}, columns = {{{types}}}, auto_detect = false, "
        f"delim = {literal(delimiter)}, quote = {quote}, escape = {quote}, "
        f"header = {str(dialect.header).lower()}, max_line_size = {_LONGEST_RECORD}, "
        "store_rejects = true, rejects_table = 'reject_errors', rejects_scan = 'reject_scans')"
    )


def _csv_columns(
    copy: PrivateCopy, dialect: Dialect, wanted: Collection[str]
) -> tuple[tuple[str, ...], str]:
    if not dialect.header:
        return _distinct(dialect.columns, copy), dialect.delimiter or ","
    candidates = [dialect.delimiter] if dialect.delimiter else list(_SNIFFED_DELIMITERS)
    headers = {each: _first_record(copy.path, each, dialect.quote) for each in candidates}
    # The delimiter that shows most of the wanted columns, then the one that shows most columns.
    delimiter = max(
        candidates, key=lambda each: (len(set(headers[each]) & set(wanted)), len(headers[each]))
    )
    if not headers[delimiter]:
        raise UserError(
            f"{copy.name} has no header that can be read.",
            "Its first line must name the columns; check its quotes and how it was made.",
        )
    names = [name or f"_unnamed_{i}" for i, name in enumerate(headers[delimiter], 1)]
    return _distinct(names, copy), delimiter


def _first_record(path: Path, delimiter: str, quote: str) -> list[str]:
    """The fields of the first line that is not blank; none if its quotes do not close."""
    with path.open(encoding="utf-8", errors="replace", newline="") as text:
        reader = csv.reader(
            text,
            delimiter=delimiter,
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
            strict=True,
            skipinitialspace=True,
        )
        try:
            return [name.strip() for name in next((r for r in reader if r), [])]
        except csv.Error:
            return []


def _is_regular(path: Path, delimiter: str, quote: str) -> bool:
    """One kind of line end, no blank lines, and quotes only where a field begins and ends.

    Only such files does the engine's parallel reader take apart rightly.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content[:1] in (b"\n", b"\r"):
            return False
        if content.find(b"\n\n") >= 0 or content.find(b"\n\r\n") >= 0:
            return False
        symbols = np.frombuffer(content, np.uint8)
        try:
            return _line_ends_are_regular(symbols) and (
                not quote or _quotes_are_regular(symbols, delimiter.encode(), ord(quote))
            )
        finally:
            # The map cannot be closed while an array looks at it.
            del symbols


def _line_ends_are_regular(symbols: "np.ndarray[tuple[int], np.dtype[np.uint8]]") -> bool:
    feeds = returns = 0
    for start in range(0, symbols.size, _BLOCK):
        block = symbols[start : start + _BLOCK]
        places = np.flatnonzero(block == _CARRIAGE_RETURN) + start
        if places.size:
            if places[-1] + 1 == symbols.size or np.any(symbols[places + 1] != _LINE_FEED):
                return False
            returns += places.size
        feeds += int(np.count_nonzero(block == _LINE_FEED))
    return returns in (0, feeds)


def _quotes_are_regular(
    symbols: "np.ndarray[tuple[int], np.dtype[np.uint8]]", delimiter: bytes, quote: int
) -> bool:
    """Quotes open behind and close before a delimiter, a line end, or (doubled) a quote."""
    before_opening = [delimiter[-1], _LINE_FEED, _CARRIAGE_RETURN, quote]
    behind_closing = [delimiter[0], _LINE_FEED, _CARRIAGE_RETURN, quote]
    seen = 0
    for start in range(0, symbols.size, _BLOCK):
        places = np.flatnonzero(symbols[start : start + _BLOCK] == quote) + start
        openings, closings = places[seen % 2 :: 2], places[1 - seen % 2 :: 2]
        openings = openings[openings > 0]
        closings = closings[closings + 1 < symbols.size]
        if not np.isin(symbols[openings - 1], before_opening).all():
            return False
        if not np.isin(symbols[closings + 1], behind_closing).all():
            return False
        seen += places.size
    return seen % 2 == 0


def _open_by_hand(
    connection: Connection,
    copy: PrivateCopy,
    dialect: Dialect,
    wanted: Collection[str],
    single: Collection[str],
) -> tuple[str, ...]:
    folder = copy.path.with_name("records")
    if copy.format == "csv":
        columns = dialect.columns
        if dialect.header:
            with copy.path.open(encoding="utf-8", errors="replace") as text:
                columns = tuple(next((line.split() for line in text if line.strip()), ()))
        files = RecordFiles(folder, _distinct(columns, copy), copy.name)
        split_on_blanks(copy.path, files, dialect)
    else:
        files = RecordFiles(folder, name=copy.name, single=single)
        if copy.format == "json":
            split_json(copy.path, files, wanted)
        else:
            split_json_lines(copy.path, files, wanted)
    return _open_records(connection, copy, files)


def _open_records(connection: Connection, copy: PrivateCopy, files: RecordFiles) -> tuple[str, ...]:
    columns = _distinct(tuple(files.columns), copy)
    names = "".join(f"{quoted(name)}, " for name in columns)
    parts = literal(str(files.folder / "records_*.parquet"))
    _create_file(
        connection, copy, f"SELECT {names}_line FROM read_parquet({parts}, union_by_name = true)"
    )
    rejected = literal(str(files.folder / "malformed_*.parquet"))
    _create_malformed(connection, f"SELECT line, raw, reason FROM read_parquet({rejected})")
    return columns


def _open_parquet(
    connection: Connection, copy: PrivateCopy, single: Collection[str]
) -> tuple[str, ...]:
    source = f"read_parquet({literal(str(copy.path))}, file_row_number = true)"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        columns = _distinct([name for name, *_ in described if name != "file_row_number"], copy)
        nested = [name for name, kind, *_ in described if name in single and _NESTED.search(kind)]
        if nested:
            raise UserError(
                f"{copy.name}: {nested[0]} holds lists or objects, not single values.",
                "Write out the column that is meant; nothing was loaded.",
            )
        texts = ", ".join(f"CAST({quoted(n)} AS VARCHAR) AS {quoted(n)}" for n in columns)
        _create_file(
            connection, copy, f"SELECT {texts}, file_row_number + 1 AS _line FROM {source}"
        )
    except (duckdb.InvalidInputException, duckdb.BinderException, duckdb.IOException) as error:
        raise UserError(
            f"{copy.name} is no Parquet file, or a damaged one "
            f"({str(error).splitlines()[0].replace(str(copy.path), copy.name)}).",
            "Check how it was made; nothing of it was loaded.",
        ) from error
    _create_malformed(connection)
    return columns


def _distinct(names: Sequence[str], copy: PrivateCopy) -> tuple[str, ...]:
    """The names, if the engine can tell them apart: it does not see upper and lower case."""
    check_width(len(names), copy.name)
    folded = Counter(name.lower() for name in names)
    repeated = sorted({name for name in names if folded[name.lower()] > 1})
    if repeated:
        shown = ", ".join(name[:_SHOWN] for name in repeated[:10])
        raise UserError(
            f"{copy.name} has columns of the same name: {shown}.",
            "Give each a name of its own; upper and lower case do not make a difference.",
        )
    taken = [name for name in names if name.lower() in _OWN_COLUMNS]
    if taken:
        raise UserError(
            f"{copy.name} has a column {taken[0]}; that name stands for the record's own place.",
            "Rename the column.",
        )
    return tuple(names)


def _create_file(connection: Connection, copy: PrivateCopy, select: str) -> None:
    connection.execute(
        "CREATE TEMP TABLE file AS "
        f"SELECT *, {literal(copy.name)} AS _file FROM ({select}) AS records"
    )


def _create_malformed(connection: Connection, select: str | None = None) -> None:
    connection.execute("CREATE TEMP TABLE malformed (line BIGINT, raw VARCHAR, reason VARCHAR)")
    if select is not None:
        connection.execute(f"INSERT INTO malformed {select}")


def _count(connection: Connection, table: str) -> int:
    return int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchall()[0][0])
