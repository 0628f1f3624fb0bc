"""Finds and redacts texts that name somebody in Dagster's history under LTV_HOME.

Runs and events are kept, and with them the state of every partition. Only in texts from people or
data is an identifier replaced by a marker. Values that Dagster itself uses (keys, names of steps
and partitions, numbers) never change.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from ltv_platform.compressed_text import compressed, decompressed, is_compressed
from ltv_platform.contracts.ddl import quoted
from ltv_platform.erasure.sightings import SQLITE_MAGIC
from ltv_platform.errors import UserError
from ltv_platform.ingestion.suppression.texts import Needles
from ltv_platform.settings import Settings

#: Fields of Dagster's records with text from people and data.
_FREE = {
    "message", "user_message", "description", "text", "md_str", "stack", "url", "data",
    "json_str", "tags", "run_config", "run_config_data", "skip_reason", "error", "cause",
}  # fmt: skip
#: One string there, else a list of names.
_FREE_TEXT = {"path"}
#: Columns of Dagster's tables with text that is not JSON.
_FREE_COLUMNS = {"value", "text", "description", "message"}
#: Prefixes of tags that Dagster and the platform set.
_OWN_TAGS = ("dagster/", ".dagster/", "ltv/")
#: Suffixes of files that belong to a database.
_BESIDE = ("-wal", "-shm", "-journal")
#: Seconds to wait for a process that writes history.
_PATIENCE = 20.0


def history_files(settings: Settings) -> Iterator[Path]:
    """The files of Dagster's history, and of the output of its runs."""
    if not settings.dagster_path.is_dir():
        return
    for path in sorted(settings.dagster_path.rglob("*")):
        # Not configuration, which is the user's, nor files that belong to a database.
        passed_by = path.suffix == ".yaml" or path.name.endswith(_BESIDE) or path.is_symlink()
        if path.is_file() and not passed_by:
            yield path


def names_in(path: Path, needles: Needles) -> int:
    """The number of texts in a history file that name one of them."""
    if not _is_database(path):
        return int(needles.are_in(_printed(path)))
    with closing(_open(path)) as database:
        return sum(1 for _ in _named(database, needles))


def redact(path: Path, needles: Needles) -> int:
    """Remove their identifiers from a history file; returns the number of texts that had any.

    Raises:
        UserError: another process is using the file.
    """
    if not _is_database(path):
        text = _printed(path)
        if not needles.are_in(text):
            return 0
        if "\0" in text:
            raise UserError(f"{path} is not a text file, and names the person.", "Remove it.")
        path.write_text(needles.redacted(text), "utf-8", errors="surrogateescape", newline="")
        return 1
    try:
        with closing(_open(path)) as database:
            named = list(_named(database, needles))
            database.execute("PRAGMA secure_delete = ON")
            database.execute("BEGIN IMMEDIATE")
            for table, column, rowid, content in named:
                database.execute(
                    f"UPDATE {quoted(table)} SET {quoted(column)} = ? WHERE rowid = ?",
                    (content, rowid),
                )
            database.execute("COMMIT")
            # Deleted text stays in the file until its page is reused, and in the log next to it; it
            # is compressed, so it cannot be searched.
            database.execute("VACUUM")
            [(busy, *_)] = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            if busy:
                raise sqlite3.OperationalError("its write-ahead log is in use")
            return len(named)
    except sqlite3.OperationalError as error:
        raise UserError(
            f"Dagster's history {path} is in use by another process ({error}).",
            "Stop `ltv ui` and any other Dagster process there, then run `ltv erase` again.",
        ) from error


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC


def _printed(path: Path) -> str:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    database.text_factory = lambda content: content.decode(errors="surrogateescape")
    return database


def _named(
    database: sqlite3.Connection, needles: Needles
) -> Iterator[tuple[str, str, int, str | bytes]]:
    """Table, column, rowid and redacted content of every cell that names one of them."""
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        columns = [
            column
            for (column,) in database.execute("SELECT name FROM pragma_table_info(?)", (table,))
        ]
        names = ", ".join(quoted(column) for column in columns)
        for rowid, *cells in database.execute(f"SELECT rowid, {names} FROM {quoted(table)}"):
            row = dict(zip(columns, cells, strict=True))
            for column, cell in row.items():
                packed = isinstance(cell, bytes) and is_compressed(cell)
                text = decompressed(cell) if packed else cell
                if isinstance(text, str) and needles.may_be_in(text):
                    new = _redacted_cell(column, text, str(row.get("key", "")), needles)
                    if new != text:
                        yield table, column, rowid, compressed(new) if packed else new


def _redacted_cell(column: str, cell: str, key: str, needles: Needles) -> str:
    if cell.startswith(("{", "[")):
        try:
            content = json.loads(cell)
        except ValueError:
            pass
        else:
            new = _redacted(content, needles, free=column in _FREE_COLUMNS)
            return cell if new == content else json.dumps(new)
    if column in _FREE_COLUMNS and not key.startswith(_OWN_TAGS):
        return needles.redacted(cell)
    return cell


def _redacted(content: Any, needles: Needles, *, free: bool) -> Any:
    """The value with identifiers redacted in its free texts."""
    if isinstance(content, str):
        return needles.redacted(content) if free else content
    if isinstance(content, list):
        return [_redacted(each, needles, free=free) for each in content]
    if isinstance(content, dict):
        return {
            name: each
            if name == "__class__" or name.startswith(_OWN_TAGS)
            else _redacted(
                each,
                needles,
                free=free or name in _FREE or (name in _FREE_TEXT and isinstance(each, str)),
            )
            for name, each in content.items()
        }
    return content
