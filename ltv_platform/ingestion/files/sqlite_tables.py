"""Exports tables of a SQLite database as text, each with its own hash.

A load is one table, so each table is hashed by itself: a new row in another table of the database
does not change its load.
"""

import hashlib
import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ltv_platform.errors import UserError
from ltv_platform.ingestion.files.private_copy import PrivateCopy, open_regular, take_copy
from ltv_platform.ingestion.files.sqlite_process import read_sqlite
from ltv_platform.ingestion.reading.double_rounding import Scales, rounded
from ltv_platform.settings import Settings

#: Maximum rows, and bytes of long texts, in memory at once.
_BATCH = 100_000
_BATCH_BYTES = 256 << 20
_MAGIC = b"SQLite format 3\0"
#: Begins the rollback journal that SQLite keeps next to a database during a transaction
#: (sqlite.org/fileformat2.html, section 3).
_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
#: Number of leading bytes searched for SQL statements.
_SEARCHED_BYTES = 1 << 16
_STATEMENT = re.compile(rb"(?im)^\s*(CREATE\s+(TABLE|VIEW)|BEGIN\s+TRANSACTION|INSERT\s+INTO)\b")


def copy_sqlite(database: Path, folder: Path, *, follow_links: bool = True) -> PrivateCopy:
    """Make a private copy of a database.

    Args:
        database: The file.
        folder: An empty folder.
        follow_links: Whether the path may be a symbolic link.

    Raises:
        UserError: the database cannot be copied, its newest rows are in a write-ahead log next to
            it, or the journal of an open transaction is next to it.
    """
    # The log is next to the file itself, not next to a link to it.
    real = database.resolve() if follow_links else database
    log = real.with_name(real.name + "-wal")
    if log.is_file() and log.stat().st_size:
        raise UserError(
            f"{database} has a write-ahead log next to it, which holds its newest rows.",
            f'Close the programs that use it, or run: sqlite3 {database} "PRAGMA '
            'wal_checkpoint(TRUNCATE)"',
        )
    if _is_hot(real.with_name(real.name + "-journal"), follow_links):
        raise UserError(
            f"{database} has the journal of an unfinished transaction next to it, so rows in the "
            "file may be half-written.",
            "Wait until the program that writes to it is done; if it crashed, open the database "
            f'once: sqlite3 {database} "PRAGMA integrity_check"',
        )
    return take_copy(database, folder, follow_links=follow_links)


def _is_hot(journal: Path, follow_links: bool) -> bool:
    """Whether a rollback journal is in use: a finished one is gone, empty or begins with zeros."""
    if not os.path.lexists(journal):
        return False
    with open_regular(journal, follow_links) as file:
        return file.read(len(_JOURNAL_MAGIC)) == _JOURNAL_MAGIC


def sqlite_tables(copy: PrivateCopy, settings: Settings) -> list[str]:
    """Names of the tables and views of a database.

    Raises:
        UserError: the file is not a SQLite database.
    """
    with _faults(copy):
        [(_, names)] = read_sqlite(copy, settings, "tables")
    return list(names)


def sqlite_columns(
    copy: PrivateCopy, settings: Settings, tables: Sequence[str]
) -> dict[str, dict[str, str]]:
    """The columns of tables or views, in order, with their declared types, if any.

    Raises:
        UserError: the file is not a SQLite database, or a view is broken.
    """
    with _faults(copy):
        return {
            table: dict(columns)
            for _, table, columns in read_sqlite(copy, settings, "columns", tables)
        }


def refuse_script(path: Path, name: str) -> None:
    """Refuse a SQL script that would create a database.

    Args:
        path: The file.
        name: Its name in the message.

    Raises:
        UserError: the file is a SQL script; the message says how to run it.
    """
    with path.open("rb") as file:
        begin = file.read(_SEARCHED_BYTES)
    if not begin.startswith(_MAGIC) and _STATEMENT.search(begin):
        raise UserError(
            f"{name} is a SQL script, not a database.",
            "Create one with `sqlite3 NEW.db < FILE`; first remove any text before the first "
            "CREATE that is not SQL.",
        )


def export_sqlite_table(
    copy: PrivateCopy, table: str, settings: Settings, scales: Scales
) -> PrivateCopy:
    """Write one table of a database as Parquet with text columns, and hash its content.

    Args:
        copy: The database.
        table: The table or view.
        settings: Limits of time and memory: a view may never end.
        scales: Decimals to round doubles to.

    Raises:
        UserError: the database has no such table, is damaged, contains text that is not UTF-8,
            or its view exceeds the limits.
    """
    import pyarrow as pa  # noqa: PLC0415 - only files of this kind need Arrow
    import pyarrow.parquet as pq  # noqa: PLC0415

    tables = sqlite_tables(copy, settings)
    if table not in tables:
        raise UserError(
            f"{copy.name} has no table {table}; it has {', '.join(tables) or 'none'}.",
            "Rename the table in the database, or export it and use an adapter.",
        )
    target = copy.path.with_name(f"{table}.parquet")
    digest = hashlib.sha256()
    with _faults(copy):
        answers = read_sqlite(copy, settings, "rows", [table])
        _, names = next(answers)
        schema = pa.schema([(name, pa.string()) for name in names])
        digest.update(repr(names).encode())
        with pq.ParquetWriter(target, schema) as writer:
            for rows in _batches(answers):
                texts = [
                    [None if value is None else _as_text(value, name, scales) for value in column]
                    for name, column in zip(names, zip(*rows, strict=True), strict=True)
                ]
                digest.update(repr(texts).encode())
                writer.write_table(pa.table([pa.array(c, pa.string()) for c in texts], schema))
    return PrivateCopy(target, copy.name, "parquet", digest.hexdigest())


def _batches(answers: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Group rows into batches that depend on the table alone: the hash depends on the batches."""
    batch: list[tuple[Any, ...]] = []
    taken = 0
    for _, rows, size in answers:
        batch += rows
        taken += size
        if len(batch) >= _BATCH or taken >= _BATCH_BYTES:
            yield batch
            batch, taken = [], 0
    if batch:
        yield batch


@contextmanager
def _faults(copy: PrivateCopy) -> Iterator[None]:
    """Turn errors of a damaged database into errors that the user can fix."""
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        refuse_script(copy.path, copy.name)
        raise UserError(
            f"{copy.name} is not a SQLite database, or a damaged one ({error}).",
            "Check it with: sqlite3 FILE 'PRAGMA integrity_check'",
        ) from error


def _as_text(value: Any, column: str, scales: Scales) -> str:
    if isinstance(value, float):
        value = rounded(value, column, scales)
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
