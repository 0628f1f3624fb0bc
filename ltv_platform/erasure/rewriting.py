"""Rewrites a file without some records, in every format; all other records stay unchanged."""

import gzip
import json
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ltv_platform.contracts.ddl import quoted
from ltv_platform.erasure.finding import Found
from ltv_platform.errors import UserError
from ltv_platform.ingestion.files.private_copy import PrivateCopy
from ltv_platform.ingestion.reading.dialect import Dialect
from ltv_platform.ingestion.reading.record_texts import (
    DECODER,
    delimited_records,
    json_records,
    open_text,
)
from ltv_platform.ingestion.suppression.texts import what_stays

if TYPE_CHECKING:
    import pyarrow as pa

#: Whether a malformed record names somebody.
IsNamed = Callable[[str], bool]

#: Rows of Parquet held in memory at once.
_BATCH = 100_000


def rewrite_text(
    copy: PrivateCopy,
    target: Path,
    found: Found,
    *,
    dialect: Dialect,
    columns: tuple[int, str],
    wanted: Collection[str],
    is_named: IsNamed,
) -> None:
    """Write delimited text or JSON without the found records.

    Args:
        copy: The private copy.
        target: The new file, in UTF-8.
        found: The records.
        dialect: How a delimited file is written.
        columns: The number of columns, and the delimiter; ignored for JSON.
        wanted: The columns by which it was read.
        is_named: For malformed records.
    """
    texts = {
        "csv": lambda: _delimited(copy, found, dialect, columns, is_named),
        "ndjson": lambda: _lines(copy.path, found, is_named),
        "json": lambda: _json(copy, found, wanted, is_named),
    }[copy.format]()
    with target.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.writelines(texts)


def _delimited(
    copy: PrivateCopy,
    found: Found,
    dialect: Dialect,
    columns: tuple[int, str],
    is_named: IsNamed,
) -> Iterator[str]:
    if dialect.whitespace:
        yield from _lines(copy.path, found, is_named)
        return
    width, delimiter = columns
    for record in delimited_records(copy.path, dialect, delimiter, width, copy.name):
        if record.number in found.malformed and record.reason:
            yield what_stays(record.text, record.reason, is_named) or ""
        elif record.number not in found.lines or record.number == 0:
            yield record.text


def _lines(path: Path, found: Found, is_named: IsNamed) -> Iterator[str]:
    """Lines, each of which is a record unless it is blank."""
    number = 0
    with open_text(path) as text:
        for line in text:
            if line.strip():
                number += 1
            if not (line.strip() and number in found.lines | found.malformed):
                yield line


def _json(
    copy: PrivateCopy, found: Found, wanted: Collection[str], is_named: IsNamed
) -> Iterator[str]:
    with open_text(copy.path) as opened:
        text = opened.read()
    records = json_records(text, wanted, copy.name)
    if records.are_lines(text):
        yield from _lines(copy.path, found, is_named)
        return
    gone = found.lines | found.malformed
    kept = [text[a:b] for number, (a, b) in enumerate(records.spans, 1) if number not in gone]
    array = "[" + ",\n".join(kept) + "]"
    if records.path and records.within is not None:
        begin, end = records.within
        yield text[:begin] + array + text[end:]
    else:
        yield array + "\n"


def around_records(copy: PrivateCopy, wanted: Collection[str]) -> str:
    """The text around the records of a JSON file that wraps them; empty for any other file."""
    if copy.format != "json":
        return ""
    with open_text(copy.path) as opened:
        text = opened.read()
    records = json_records(text, wanted, copy.name)
    if not records.path or records.within is None:
        return ""
    begin, end = records.within
    return json.dumps(DECODER.decode(f"{text[:begin]}[]{text[end:]}"), ensure_ascii=False)


def rewrite_parquet(copy: PrivateCopy, target: Path, found: Found) -> None:
    """Write a Parquet file with the same schema without the found records.

    Raises:
        UserError: it has columns of a type that cannot be written.
    """
    import pyarrow as pa  # noqa: PLC0415 - only files of this kind need Arrow
    import pyarrow.parquet as pq  # noqa: PLC0415

    with pq.ParquetFile(copy.path) as file:
        groups = range(file.metadata.num_row_groups)
        packed = "NONE"
        if groups and file.metadata.num_columns:
            packed = file.metadata.row_group(0).column(0).compression
        packed = "NONE" if packed == "UNCOMPRESSED" else packed
        first = 1
        try:
            with pq.ParquetWriter(target, file.schema_arrow, compression=packed) as writer:
                # Dictionaries inside lists and structs differ between row groups.
                for group in groups:
                    for batch in file.iter_batches(_BATCH, row_groups=[group]):
                        numbers = range(first, first + batch.num_rows)
                        keep = pa.array([n not in found.lines for n in numbers], pa.bool_())
                        kept = [_without_memory(column) for column in batch.filter(keep).columns]
                        writer.write_batch(pa.record_batch(kept, batch.schema))
                        first += batch.num_rows
        except pa.ArrowException as error:
            raise UserError(
                f"{copy.name} has columns that cannot be rewritten ({error}).",
                "Export it again without the person's rows.",
            ) from error


def _without_memory(column: "pa.Array") -> "pa.Array":
    """A column whose dictionaries contain only values of its rows."""
    import pyarrow as pa  # noqa: PLC0415

    if "dictionary" not in str(column.type):
        return column
    return pa.array(column.to_pylist(), column.type)


def delete_from_sqlite(database: Path, table: str, found: Found) -> None:
    """Delete the found records from a table, and VACUUM the file, because deleted bytes stay in it.

    Raises:
        UserError: it is a view, has triggers, or has no row ids.
    """
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        [(kind,)] = connection.execute(
            "SELECT type FROM sqlite_master WHERE name = ? AND type IN ('table', 'view')", (table,)
        ).fetchall()
        triggers = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
        ).fetchall()
        if kind == "view" or triggers:
            raise UserError(
                f"{table} is a view, or has triggers, in {database.name}.",
                "Delete the person's rows from the underlying tables, then run VACUUM.",
            )
        connection.execute("PRAGMA secure_delete = ON")
        try:
            # All columns are selected, so that rows come in the same order as before.
            rows = connection.execute(f"SELECT rowid, * FROM {quoted(table)}")
            gone = [(row[0],) for line, row in enumerate(rows, 1) if line in found.lines]
        except sqlite3.OperationalError as error:
            raise UserError(
                f"{table} in {database.name} has no row numbers ({error}).",
                "Delete the person's rows from it, then run VACUUM.",
            ) from error
        connection.execute("BEGIN")
        connection.executemany(f"DELETE FROM {quoted(table)} WHERE rowid = ?", gone)
        connection.execute("COMMIT")
        connection.execute("VACUUM")


def pack_like(path: Path, written: Path, target: Path) -> None:
    """Move a written file to a target, compressed if the original is."""
    with path.open("rb") as file:
        is_packed = file.read(2) == b"\x1f\x8b"
    if not is_packed:
        shutil.move(written, target)
        return
    with (
        written.open("rb") as content,
        target.open("wb") as raw,
        # Without time and name: the name may identify a person.
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
    ):
        shutil.copyfileobj(content, packed)
