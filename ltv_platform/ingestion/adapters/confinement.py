"""Confines what a connection can access once its data is loaded."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ltv_platform.contracts.ddl import literal

Connection = duckdb.DuckDBPyConnection


@contextmanager
def confined_database(folder: Path) -> Iterator[Connection]:
    """A database in memory, in UTC, that reaches a folder and nothing else."""
    with duckdb.connect(config={"python_enable_replacements": False}) as connection:
        connection.execute("SET timezone = 'UTC'")
        confine(connection, folder / "spill", folders=[folder])
        yield connection


def confine(
    connection: Connection,
    spill: Path | None = None,
    *,
    folders: Iterable[Path] = (),
    paths: Iterable[Path] = (),
) -> None:
    """Restrict the engine to its own database and the named files and folders, for good.

    Args:
        connection: The connection; the restriction cannot be lifted.
        spill: A folder for data that does not fit into memory; None: the one that it has.
        folders: Folders it may read and write.
        paths: Files it may read and write.
    """
    [(present,)] = connection.execute("SELECT current_setting('temp_directory')").fetchall()
    spill = spill or Path(present)
    allowed = ", ".join(literal(f"{folder}/") for folder in (*folders, spill))
    named = ", ".join(literal(str(path)) for path in paths)
    if present != str(spill):  # it cannot be changed after the first spill
        connection.execute(f"SET temp_directory = {literal(str(spill))}")
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute(f"SET allowed_paths = [{named}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
