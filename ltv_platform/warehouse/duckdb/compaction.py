"""Rewrites the warehouse file, because the bytes of deleted rows stay in it."""

import os
import shutil
from pathlib import Path

import duckdb

from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.failpoints import failpoint
from ltv_platform.locks import temporary_folder


def rewrite_file(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[int, int]:
    """Copy all rows into a new file, and replace the old one with it.

    The old file stays locked until the connection is closed, so nobody writes to it meanwhile;
    waiting processes then open the new one.

    Args:
        connection: The one connection to the file.
        path: The file.

    Returns:
        Bytes before and after.
    """
    with temporary_folder(path.parent, "warehouse_") as folder:
        # So that closing the connection writes nothing.
        connection.execute("CHECKPOINT")
        before = path.stat().st_size
        new = folder / path.name
        [(name,)] = connection.execute("SELECT current_database()").fetchall()
        connection.execute(f"ATTACH {literal(str(new))} AS rewritten")
        connection.execute(f"COPY FROM DATABASE {quoted(name)} TO rewritten")
        connection.execute("CHECKPOINT rewritten")
        connection.execute("DETACH rewritten")
        with new.open("rb") as file:
            os.fsync(file.fileno())
        failpoint("warehouse rewritten, not replaced")
        shutil.copymode(path, new)
        os.replace(new, path)
        return before, path.stat().st_size
