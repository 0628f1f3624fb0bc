"""Queries on the published snapshot: plain table names, and nothing else is accessible."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import duckdb

from ltv_platform.contracts import build_catalog
from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.published.current import (
    Snapshot,
    SnapshotError,
    damaged,
    own_files,
    require_snapshot,
)
from ltv_platform.published.read_only import as_written, reading_only, seal
from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb.connection import connection_config
from ltv_platform.warehouse.error_texts import words_of

_Taken = TypeVar("_Taken")
#: How many names are suggested for an unknown one.
_MOST_NEAR = 3
#: The engine's message for a name that it does not find.
_WRONG_NAME = re.compile(
    r'Referenced column "(?P<column>[^"]+)"|does not have a column named "(?P<other>[^"]+)"|'
    r"Table with name (?P<table>\S+) does not exist"
)
#: The engine's message for tables and columns that do not exist.
_UNKNOWN = (duckdb.CatalogException, duckdb.BinderException)


@contextmanager
def open_snapshot(
    settings: Settings, snapshot: Snapshot, own: Mapping[str, Path] = MappingProxyType({})
) -> Iterator[duckdb.DuckDBPyConnection]:
    """:func:`connect_to_snapshot` as a context manager.

    Raises:
        UserError: a file of the snapshot is damaged or missing, or a query needs a table or column
            that the snapshot, written by an earlier version, does not have.
    """
    with connect_to_snapshot(settings, snapshot, own) as connection:
        try:
            yield connection
        except _UNKNOWN as error:
            if older := not_published(settings, snapshot, error):
                raise older from error
            raise


def connect_to_snapshot(
    settings: Settings, snapshot: Snapshot, own: Mapping[str, Path] = MappingProxyType({})
) -> duckdb.DuckDBPyConnection:
    """A connection to the snapshot's tables by plain name; it can read no other file.

    Args:
        settings: Memory and threads.
        snapshot: The snapshot.
        own: Files of user tables by full name, made available as well.

    Raises:
        UserError: a file of the snapshot is damaged or missing.
    """
    snapshot.mark_used()
    connection = duckdb.connect(config=connection_config(settings))
    connection.execute("SET timezone = 'UTC'")
    files = {table: snapshot.files(table) for table in snapshot.manifest["tables"]}
    for table, of_table in files.items():
        try:
            _show(connection, quoted(table), of_table)
        except duckdb.Error as error:
            connection.close()
            raise damaged(snapshot.path.name, f"{table}: {error}") from error
    for table, path in own.items():
        schema, _, name = table.partition(".")
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
        try:
            _show(connection, f"{quoted(schema)}.{quoted(name)}", [str(path)])
        except duckdb.Error as error:
            connection.close()
            raise UserError(
                f"The file of {table} cannot be read: {error}",
                f"Materialize its asset to write it again, or remove {path}.",
            ) from error
    allowed = [file for of_table in files.values() for file in of_table]
    allowed += [str(path) for path in own.values()]
    seal(connection, allowed)
    return connection


def _show(connection: duckdb.DuckDBPyConnection, view: str, files: Sequence[str]) -> None:
    connection.execute(
        # A parent folder such as country=DE is not a column.
        f"CREATE VIEW {view} AS SELECT * FROM "
        f"read_parquet([{', '.join(map(literal, files))}], hive_partitioning = false)"
    )


def not_published(settings: Settings, snapshot: Snapshot, error: Exception) -> SnapshotError | None:
    """The error for a query on a table or column that is newer than the snapshot."""
    asked = words_of(error)
    for table in build_catalog(settings).derived:
        if table.name not in snapshot.manifest["tables"]:
            missing = {table.name}
        else:
            columns = snapshot.manifest["tables"][table.name]["columns"]
            missing = {column.name for column in table.published if column.name not in columns}
        for name in asked & missing:
            return SnapshotError(
                f"The published snapshot has no {name}: it was made by another version of "
                "ltv-platform or under other settings.",
                "Run `ltv run` to publish it again.",
            )
    return None


def query(
    settings: Settings, sql: str, parameters: Mapping[str, Any] | None = None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Run a query on the current snapshot and the user tables.

    Returns:
        Column names and rows.

    Raises:
        UserError: nothing is published, the text is not a single SELECT, or the query fails; the
            message has the position.
    """

    def rows(cursor: duckdb.DuckDBPyConnection) -> tuple[list[str], list[tuple[Any, ...]]]:
        columns = [name for name, *_ in cursor.description or ()]
        return columns, cursor.fetchall() if columns else []

    return answering(settings, sql, parameters, rows)


def answering(
    settings: Settings,
    sql: str,
    parameters: Mapping[str, Any] | None,
    take: Callable[[duckdb.DuckDBPyConnection], _Taken],
) -> _Taken:
    """Run a query and convert its answer; raises like :func:`query`."""
    snapshot, own = require_snapshot(settings), own_files(settings)
    with open_snapshot(settings, snapshot, own) as connection:
        try:
            values = dict(parameters or {})
            return take(connection.execute(reading_only(connection, sql, values), values))
        except duckdb.Error as error:
            unknown = isinstance(error, _UNKNOWN)
            if unknown and (older := not_published(settings, snapshot, error)):
                raise older from error
            said = as_written(error)
            if unknown:
                # The engine always suggests a name, even when none is close.
                said = re.sub(r"\n(Candidate bindings: .*|Did you mean .*)", "", said)
            if unknown and (wrong := _WRONG_NAME.search(said)):
                tables = {**_columns(snapshot), **_own_columns(connection, own)}
                raise _wrong_name(said, wrong, sql, tables) from error
            raise UserError(f"The query fails: {said}") from error


def _columns(snapshot: Snapshot) -> dict[str, list[str]]:
    return {name: list(table["columns"]) for name, table in snapshot.manifest["tables"].items()}


def _own_columns(
    connection: duckdb.DuckDBPyConnection, own: Mapping[str, Path]
) -> dict[str, list[str]]:
    return {
        table: [
            str(column)
            for column, *_ in connection.execute(
                f"DESCRIBE {'.'.join(map(quoted, table.split('.', 1)))}"
            ).fetchall()
        ]
        for table in own
    }


def _wrong_name(
    said: str, wrong: re.Match[str], sql: str, tables: Mapping[str, Sequence[str]]
) -> UserError:
    """The error for an unknown table or column: similar names, and the existing ones."""
    name = (wrong["column"] or wrong["other"] or wrong["table"]).lower()
    words = {word.lower() for word in re.findall(r"\w+", sql)}
    named = {
        table: columns
        for table, columns in tables.items()
        if set(table.lower().split(".")) <= words
    }
    if wrong["table"]:
        known, rest = list(tables), "`ltv tables` lists the tables."
    else:
        known = [column for columns in named.values() for column in columns]
        rest = "\n".join(f"{table} has {', '.join(c)}." for table, c in named.items())
    found = get_close_matches(name, dict.fromkeys(known), n=_MOST_NEAR)
    hint = f"Did you mean {', '.join(found)}?" if found else ""
    return UserError(f"The query fails: {said}", "\n".join(filter(None, (hint, rest))))
