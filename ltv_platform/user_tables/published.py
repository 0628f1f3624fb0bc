"""User tables as files beside the snapshots, for `ltv query`.

They are not part of a snapshot: an asset that runs after publishing would require another snapshot,
which would require the asset again. A file is replaced atomically, right after its table was
committed; a run killed in between counts as failed, and running it again fixes that.
"""

import os

from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.failpoints import failpoint
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine


def show(engine: DuckDBEngine, schema: str, name: str) -> None:
    """Write the file of a table, if the table exists, replacing the last one."""
    failpoint("own table committed, not shown")
    with engine.session() as connection:
        there = connection.execute(
            "SELECT 1 FROM duckdb_tables() WHERE schema_name = $schema AND table_name = $name",
            {"schema": schema, "name": name},
        ).fetchall()
        if not there:
            return
        folder = engine.settings.own_path / schema
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{name}.draft"
        connection.execute(
            f"COPY (SELECT * FROM {quoted(schema)}.{quoted(name)}) "
            f"TO {literal(str(draft))} (FORMAT parquet, COMPRESSION zstd)"
        )
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(draft, folder / f"{name}.parquet")
