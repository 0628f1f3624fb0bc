"""Own tables as files beside the snapshots, which `ltv query` reads.

They are not part of a snapshot: an asset that runs after publishing would make the next one
necessary, and that the asset again. A file is replaced as a whole, right after its table was
committed; a run that is killed in between failed, and whoever runs it again fixes that.
"""

import os

from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.failpoints import failpoint
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine


def show(engine: DuckDBEngine, schema: str, name: str) -> None:
    """Write the file of a table, if it has been made, in place of the last one."""
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
