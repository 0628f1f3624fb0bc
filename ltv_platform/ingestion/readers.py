"""Makes a private copy a relation ``file`` of the staging connection.

The relation has the file's columns, ``_line`` (number among the well-formed records; headers
and malformed records are added by :meth:`Reader.settle_lines`) and ``_file``. Records that cannot
be split into columns are kept apart with their text: nothing is skipped in silence.
"""

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters import Dialect
from ltv_platform.ingestion.files import PrivateCopy

#: No text holds this character, so a line read with it as delimiter stays whole.
_NO_DELIMITER = "\x1f"
_SNIFFED_DELIMITERS = (",", ";", "\t", "|")
#: A record may be this long in bytes; a longer one is kept as malformed.
_LONGEST_RECORD = 16 * 1024 * 1024


@dataclass(frozen=True)
class Reader:
    """An opened file.

    Attributes:
        columns: The file's own columns.
        header_lines: 1 where the first record is a header.
    """

    columns: tuple[str, ...]
    header_lines: int
    _csv: bool

    def settle_lines(self, connection: duckdb.DuckDBPyConnection, staged: str) -> int:
        """Collect the malformed records and number the staged rows around them.

        Called once ``file`` was read. Afterwards the temporary table ``malformed`` has line,
        raw and reason of each record that could not be split, and ``_line`` of the staged rows
        is the record number in the file, the header being 1.

        Returns:
            The number of malformed records.
        """
        if self._csv:
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE malformed AS "
                "SELECT CAST(line AS BIGINT) AS line, MIN(csv_line) AS raw, "
                "'record: ' || MIN(error_message) AS reason "
                "FROM reject_errors WHERE scan_id = (SELECT MIN(scan_id) FROM reject_errors) "
                "GROUP BY line"
            )
        row = connection.execute("SELECT COUNT(*) FROM malformed").fetchone()
        assert row is not None
        malformed = int(row[0])
        shift = str(self.header_lines)
        if self._csv and malformed:
            # The i-th well-formed record is pushed down by every malformed one before it.
            shift += (
                " + COALESCE((SELECT MAX(place) FROM (SELECT line, ROW_NUMBER() OVER (ORDER BY "
                "line) AS place FROM malformed) AS ordered "
                f"WHERE line - place - {self.header_lines} < {staged}._line), 0)"
            )
        if shift != "0":
            connection.execute(f"UPDATE {staged} SET _line = _line + {shift}")
        return malformed


def open_file(
    connection: duckdb.DuckDBPyConnection,
    copy: PrivateCopy,
    dialect: Dialect,
    wanted: Collection[str],
) -> Reader:
    """Create the relation ``file`` and the table ``malformed`` for a private copy.

    Args:
        connection: The staging connection.
        copy: The private copy.
        dialect: How a delimited file is written.
        wanted: Column names that help to find the delimiter.

    Raises:
        UserError: the file is empty or its header cannot be read.
    """
    connection.execute("DROP VIEW IF EXISTS file")
    for name in ("reject_errors", "reject_scans", "malformed"):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    if copy.format == "parquet":
        return _open_parquet(connection, copy)
    if copy.path.stat().st_size == 0:
        raise UserError(f"{copy.name} is empty.", "Nothing to load; check how it was made.")
    if copy.format == "ndjson":
        return _open_ndjson(connection, copy)
    if dialect.whitespace:
        return _open_whitespace(connection, copy, dialect)
    return _open_csv(connection, copy, dialect, wanted)


def _open_csv(
    connection: duckdb.DuckDBPyConnection,
    copy: PrivateCopy,
    dialect: Dialect,
    wanted: Collection[str],
) -> Reader:
    columns, delimiter = _csv_columns(copy, dialect, wanted)
    _create_file_view(
        connection,
        copy,
        f"SELECT *, ROW_NUMBER() OVER () AS _line FROM {_read_csv(copy.path, columns, delimiter, dialect.quote, header=dialect.header, rejects=True)}",
    )
    return Reader(columns, int(dialect.header), True)


def _read_csv(
    path: Path, columns: tuple[str, ...], delimiter: str, quote: str, *, header: bool, rejects: bool
) -> str:
    types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
    store = (
        ", store_rejects = true, rejects_table = 'reject_errors', rejects_scan = 'reject_scans'"
        if rejects
        else ""
    )
    return (
        f"read_csv({literal(str(path))}, columns = {{{types}}}, auto_detect = false, "
        f"delim = {literal(delimiter)}, quote = {literal(quote)}, escape = {literal(quote)}, "
        f"header = {str(header).lower()}, max_line_size = {_LONGEST_RECORD}{store})"
    )


def _csv_columns(
    copy: PrivateCopy, dialect: Dialect, wanted: Collection[str]
) -> tuple[tuple[str, ...], str]:
    if not dialect.header:
        return dialect.columns, dialect.delimiter or ","
    first_line = _first_record(copy.path, dialect.quote)
    candidates = [dialect.delimiter] if dialect.delimiter else list(_SNIFFED_DELIMITERS)

    def split(delimiter: str) -> list[str]:
        reader = csv.reader(io.StringIO(first_line), delimiter=delimiter, quotechar=dialect.quote)
        return [name.strip() for name in next(reader, [])]

    # The delimiter that shows most of the wanted columns; the first of them if none does.
    delimiter = max(candidates, key=lambda candidate: len(set(split(candidate)) & set(wanted)))
    names = tuple(name or f"_unnamed_{i}" for i, name in enumerate(split(delimiter), 1))
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UserError(
            f"{copy.name} has the column {', '.join(repeated)} more than once in its header.",
            "Name each column once.",
        )
    return names, delimiter


def _first_record(path: Path, quote: str) -> str:
    """The header as text: lines are joined while a quote stands open."""
    with path.open(encoding="utf-8", errors="replace", newline="") as text:
        record = text.readline(_LONGEST_RECORD)
        while record.count(quote) % 2 and (line := text.readline(_LONGEST_RECORD)):
            record += line
    return record.rstrip("\r\n")


def _open_whitespace(
    connection: duckdb.DuckDBPyConnection, copy: PrivateCopy, dialect: Dialect
) -> Reader:
    columns = (
        tuple(_first_record(copy.path, '"').split()) if dialect.header else dialect.columns
    )
    parts = ", ".join(f"parts[{i}] AS {quoted(name)}" for i, name in enumerate(columns, 1))
    lines = (
        "SELECT line, ROW_NUMBER() OVER () AS _line, "
        "string_split_regex(trim(line, E' \\t\\r'), '[ \\t]+') AS parts "
        f"FROM {_lines(copy.path, header=dialect.header)}"
    )
    wrong = f"len(parts) <> {len(columns)} AND trim(line, E' \\t\\r') <> ''"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE malformed AS SELECT _line + {int(dialect.header)} AS line, "
        f"line AS raw, 'record: has ' || len(parts) || ' columns, not {len(columns)}' AS reason "
        f"FROM ({lines}) AS lines WHERE {wrong}"
    )
    _create_file_view(
        connection,
        copy,
        f"SELECT {parts}, _line FROM ({lines}) AS lines WHERE len(parts) = {len(columns)}",
    )
    return Reader(columns, int(dialect.header), False)


def _open_ndjson(connection: duckdb.DuckDBPyConnection, copy: PrivateCopy) -> Reader:
    lines = (
        "SELECT line, ROW_NUMBER() OVER () AS _line, "
        "CASE WHEN json_valid(line) THEN json_type(line) END AS kind "
        f"FROM {_lines(copy.path, header=False)}"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE malformed AS SELECT _line AS line, line AS raw, "
        "'record: is no JSON object' AS reason "
        f"FROM ({lines}) AS lines WHERE kind IS DISTINCT FROM 'OBJECT' AND trim(line) <> ''"
    )
    columns = tuple(
        name
        for (name,) in connection.execute(
            "SELECT DISTINCT UNNEST(json_keys(line)) AS name "
            f"FROM ({lines}) AS lines WHERE kind = 'OBJECT' ORDER BY name"
        ).fetchall()
    )
    values = ", ".join(
        f"json_extract_string(line, {literal(_json_path(name))}) AS {quoted(name)}"
        for name in columns
    )
    _create_file_view(
        connection,
        copy,
        f"SELECT {values + ', ' if values else ''}_line FROM ({lines}) AS lines "
        "WHERE kind = 'OBJECT'",
    )
    return Reader(columns, 0, False)


def _json_path(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'$."{escaped}"'


def _open_parquet(connection: duckdb.DuckDBPyConnection, copy: PrivateCopy) -> Reader:
    source = f"read_parquet({literal(str(copy.path))}, file_row_number = true)"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    except duckdb.Error as error:
        raise UserError(f"{copy.name} is no Parquet file ({error}).", "Check the file.") from error
    columns = tuple(name for name, *_ in described if name != "file_row_number")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE malformed (line BIGINT, raw VARCHAR, reason VARCHAR)"
    )
    names = ", ".join(quoted(name) for name in columns)
    _create_file_view(connection, copy, f"SELECT {names}, file_row_number + 1 AS _line FROM {source}")
    return Reader(columns, 0, False)


def _lines(path: Path, *, header: bool) -> str:
    return _read_csv(path, ("line",), _NO_DELIMITER, "", header=header, rejects=False)


def _create_file_view(
    connection: duckdb.DuckDBPyConnection, copy: PrivateCopy, select: str
) -> None:
    connection.execute(
        f"CREATE TEMP VIEW file AS SELECT *, {literal(copy.name)} AS _file FROM ({select}) AS records"
    )
