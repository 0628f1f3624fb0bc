"""User tables as files next to the snapshots, for `ltv query`.

They are not part of a snapshot: an asset that runs after publishing would require another snapshot,
which would require the asset again. A file is replaced atomically, right after its table was
committed; a run killed in between counts as failed, and running it again fixes that.
"""

import os

from ltv_platform.contracts.ddl import quoted
from ltv_platform.failpoints import failpoint
from ltv_platform.tables.transforms import Select
from ltv_platform.warehouse.engine import Reader


def show(engine: Reader, schema: str, name: str) -> None:
    """Write the file of a table, if the table exists, replacing the last one."""
    failpoint("own table committed, not shown")
    with engine.hold():
        if (schema, name) not in engine.tables():
            return
        folder = engine.settings.own_path / schema
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{name}.draft"
        rows = Select(f"SELECT * FROM {quoted(schema)}.{quoted(name)}", {})
        engine.copy_to_parquet(rows, (), draft)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(draft, folder / f"{name}.parquet")
