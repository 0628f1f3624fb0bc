"""The warehouse file made anew: deleted rows leave their bytes in it, as long as it is the same."""

import os
import shutil
from contextlib import suppress

from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.failpoints import failpoint
from ltv_platform.locks import temporary_folder
from ltv_platform.warehouse.duckdb.connection import spill_path
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine


def rewrite_warehouse(engine: DuckDBEngine) -> tuple[int, int]:
    """Copy all rows into a new file that takes the place of the old one.

    The old file stays locked until then, so nobody writes into it meanwhile; who waits for it
    opens the new one. What a killed process spilled to disk goes, too.

    Returns:
        Bytes before and after.

    Raises:
        UserError: the disk has no room for both; the old file stays.
    """
    path = engine.settings.warehouse_path
    shutil.rmtree(spill_path(path), ignore_errors=True)
    with engine.session() as connection, temporary_folder(path.parent, "warehouse_") as folder:
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
        after = path.stat().st_size
    with suppress(FileNotFoundError):
        shutil.rmtree(spill_path(path))
    failpoint("warehouse replaced")
    return before, after
