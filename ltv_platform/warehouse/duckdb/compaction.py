"""The warehouse file made anew: deleted rows leave their bytes in it, as long as it is the same."""

import os
import shutil
from pathlib import Path

import duckdb

from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.failpoints import failpoint
from ltv_platform.locks import temporary_folder


def rewrite_file(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[int, int]:
    """Copy all rows into a new file that takes the place of the old one.

    The old file stays locked until the connection is closed, so nobody writes into it meanwhile;
    who waits for it opens the new one.

    Args:
        connection: The one connection to the file.
        path: The file.

    Returns:
        Bytes before and after.
    """
    with temporary_folder(path.parent, "warehouse_") as folder:
        # So that nothing is left to be written when the connection closes.
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
