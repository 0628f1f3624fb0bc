"""``published/latest.duckdb``: the current snapshot as one DuckDB file, for BI tools and notebooks.

It holds a view per table over the files of the snapshot, and no rows. It is replaced in one step,
so a program sees the old one or the new: a connection goes on with the snapshot of when it was
opened, a new one sees the current. DuckDB knows a file by its path only, so paths are absolute;
after LTV_HOME was moved, the next ``ltv run`` writes them anew.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from ltv_platform.contracts import build_catalog
from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.published.current import Snapshot, current_snapshot, own_files
from ltv_platform.published.intact import seal_file
from ltv_platform.settings import Settings

#: Whatever reads it may have an older DuckDB than this one.
_STORAGE = "v1.0.0"


def latest_path(settings: Settings) -> Path:
    """Where the file lies, whatever is published."""
    return settings.published_path / "latest.duckdb"


def keep_latest(settings: Settings) -> None:
    """Let ``latest.duckdb`` show the current snapshot, where it does not."""
    snapshot = current_snapshot(settings)
    if snapshot is None:
        return
    path, note = latest_path(settings), settings.home / "cache" / "latest"
    shows = json.dumps(_shown(settings, snapshot))
    with suppress(OSError):
        if path.exists() and note.read_text("utf-8") == shows:
            return
    draft = path.with_name(".latest_draft")
    for left in (draft, draft.with_name(f"{draft.name}.wal")):  # by a kill
        left.unlink(missing_ok=True)
    _write(settings, snapshot, draft)
    seal_file(draft)
    os.replace(draft, path)
    with suppress(OSError):  # then it is written once more the next time
        note.parent.mkdir(exist_ok=True)
        note.write_text(shows, "utf-8")


def _shown(settings: Settings, snapshot: Snapshot) -> list[Any]:
    """What the file depends on."""
    return [duckdb.__version__, str(snapshot.path.absolute()), *sorted(own_files(settings))]


def _write(settings: Settings, snapshot: Snapshot, path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {literal(str(path))} AS latest (STORAGE_VERSION '{_STORAGE}')")
        connection.execute("USE latest; BEGIN")
        for statement in _views(settings, snapshot):
            connection.execute(statement)
        connection.execute("COMMIT; USE memory; DETACH latest")


def _views(settings: Settings, snapshot: Snapshot) -> Iterator[str]:
    described = {table.name: table.description for table in build_catalog(settings)}
    for table in snapshot.manifest["tables"]:
        files = [str(Path(file).absolute()) for file in snapshot.files(table)]
        yield _view(quoted(table), files)
        if table in described:
            yield f"COMMENT ON VIEW {quoted(table)} IS {literal(described[table])}"
    for name, file in own_files(settings).items():
        schema, _, table = name.partition(".")
        yield f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}"
        yield _view(f"{quoted(schema)}.{quoted(table)}", [str(file.absolute())])


def _view(name: str, files: list[str]) -> str:
    return (
        f"CREATE VIEW {name} AS SELECT * FROM "
        f"read_parquet([{', '.join(map(literal, files))}], hive_partitioning = false)"
    )
