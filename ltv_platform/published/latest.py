"""``published/latest.duckdb``: the current snapshot as one DuckDB file, for BI tools and notebooks.

It has one view per table over the files of the snapshot, and no rows. It is replaced atomically:
open connections keep their snapshot, new ones see the current one. DuckDB identifies files by path
only, so paths are absolute; if LTV_HOME was moved, the next ``ltv run`` rewrites them.
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

#: Programs that read the file may use an older DuckDB.
_STORAGE = "v1.0.0"


def latest_path(settings: Settings) -> Path:
    """The path of the file, whether or not anything is published."""
    return settings.published_path / "latest.duckdb"


def keep_latest(settings: Settings) -> None:
    """Point ``latest.duckdb`` at the current snapshot, unless it already does."""
    snapshot = current_snapshot(settings)
    if snapshot is None:
        return
    path, note = latest_path(settings), settings.home / "cache" / "latest"
    shows = json.dumps(_shown(settings, snapshot))
    with suppress(OSError):
        if path.exists() and note.read_text("utf-8") == shows:
            return
    draft = path.with_name(".latest_draft")
    for left in (draft, draft.with_name(f"{draft.name}.wal")):  # left by a killed process
        left.unlink(missing_ok=True)
    _write(settings, snapshot, draft)
    seal_file(draft)
    os.replace(draft, path)
    with suppress(OSError):  # then the next call writes it again
        note.parent.mkdir(exist_ok=True)
        note.write_text(shows, "utf-8")


def _shown(settings: Settings, snapshot: Snapshot) -> list[Any]:
    """The inputs of the file: it is current while they are equal."""
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
