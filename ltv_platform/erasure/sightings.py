"""Searches files without a contract for the name of a person."""

import gzip
import sqlite3
import zlib
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

from ltv_platform.contracts.ddl import quoted
from ltv_platform.ingestion.files.kinds import kind_of
from ltv_platform.ingestion.suppression.texts import Needles

SQLITE_MAGIC = b"SQLite format 3\0"
_GZIP_MAGIC = b"\x1f\x8b"
_PARQUET_MAGIC = b"PAR1"
#: The signature of a DuckDB file, after a checksum.
_DUCKDB_MAGIC, _DUCKDB_PLACE = b"DUCK", slice(8, 12)
_HEAD = 16

#: Characters per chunk, and the overlap of two chunks.
_BLOCK, _SHARED = 8 << 20, 1 << 12
_BATCH = 50_000


def may_name(path: Path, needles: Needles) -> bool:
    """Whether a file names one of them, or has a format that cannot be searched.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head[_DUCKDB_PLACE] == _DUCKDB_MAGIC:
        return True
    kind = kind_of(head)
    if kind is not None and kind.format in (None, "workbook") and not kind.is_text:
        return True  # compressed, so its text cannot be searched
    try:
        if head.startswith(SQLITE_MAGIC):
            texts: Iterator[str] = (text for _, text in _texts_of_sqlite(path, ()))
        elif head.startswith(_PARQUET_MAGIC):
            texts = _cells_of_parquet(path)
        else:
            texts = _blocks(path, packed=head.startswith(_GZIP_MAGIC))
        return any(needles.are_in(text) for text in texts)
    except (EOFError, zlib.error, gzip.BadGzipFile, sqlite3.Error, ValueError):
        return True


def _blocks(path: Path, *, packed: bool) -> Iterator[str]:
    before = ""
    with gzip.open(path) if packed else path.open("rb") as file:
        while block := file.read(_BLOCK):
            text = before + block.decode(errors="replace")
            yield text
            before = text[-_SHARED:]


def naming_tables(path: Path, known: Collection[str], needles: Needles) -> list[str]:
    """Tables of a SQLite database that name one of them, except known tables."""
    tables = {table for table, text in _texts_of_sqlite(path, known) if needles.are_in(text)}
    return sorted(tables)


def _texts_of_sqlite(path: Path, passed_by: Collection[str]) -> Iterator[tuple[str, str]]:
    """The cells of each table, a few thousand rows at a time."""
    address = f"{path.as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as database:
        database.text_factory = lambda content: content.decode(errors="replace")
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            if table in passed_by:
                continue
            rows = database.execute(f"SELECT * FROM {quoted(table)}")
            while batch := rows.fetchmany(_BATCH):
                cells = (str(cell) for row in batch for cell in row if cell is not None)
                yield table, "\n".join(cells)


def _cells_of_parquet(path: Path) -> Iterator[str]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - few files are looked at in this way

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH):
            for column in batch.columns:
                yield "\n".join(str(cell) for cell in column.to_pylist() if cell is not None)
