"""The published snapshot: what people and services read, switched atomically.

A snapshot is a folder ``published/<id>/`` with Parquet per table and a manifest; the file
``published/current`` names the one that counts. Large tables come in monthly parts, the newest
month of the largest in daily ones; a part that nothing changed is hard-linked from the last
snapshot, so it costs no copying.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import ltv_platform
from ltv_platform.contracts import Table
from ltv_platform.contracts.ddl import column_list
from ltv_platform.contracts.operations import PUBLISHED_OPERATIONS
from ltv_platform.errors import UserError
from ltv_platform.failpoints import failpoint
from ltv_platform.parameters.attribution import attribution_parameters
from ltv_platform.published.current import (
    MANIFEST,
    USED_MARK,
    Snapshot,
    SnapshotError,
    current_snapshot,
    snapshot_name,
    snapshot_of_earlier_day,
)
from ltv_platform.published.intact import Looks, seal_file
from ltv_platform.published.latest import keep_latest
from ltv_platform.published.parts import Part, derived_parts
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import AsOf, Graph, Select
from ltv_platform.warehouse.engine import Builder, State, Writer
from ltv_platform.warehouse.planner import knows_something_else, newest_write

#: The asset that represents the snapshot in ``built``.
ASSET = "publish.published_snapshot"
#: The files made from it; ``built`` records from which one.
REPORT = "publish.ltv_report"
CHANNEL_REPORT = "publish.channel_report"
CUSTOMER_REPORT = "publish.customer_report"
CHANNEL_CSV = "publish.channel_reporting_csv"
MADE_OF_IT = (REPORT, CHANNEL_REPORT, CUSTOMER_REPORT, CHANNEL_CSV)

#: A reader marks the snapshot it reads; it is kept for this long after its last use, and after
#: another replaced it: readers of ``latest.duckdb`` leave no mark.
_IN_USE_SECONDS = 600.0


def snapshot_code(graph: Graph) -> str:
    """Changes when any published table is computed or presented differently."""
    hashes = [(transform.name, transform.code_hash) for transform in graph.transforms]
    return hashlib.sha256(
        repr((hashes, PUBLISHED_OPERATIONS, ltv_platform.__version__)).encode()
    ).hexdigest()[:16]


def attribution_manifest(settings: Settings) -> dict[str, Any]:
    """What the manifest says about how journeys and models are computed under given settings."""
    parameters = attribution_parameters(settings)
    return {
        "lookback_days": parameters.lookback_days,
        "boundary": parameters.boundary,
        "break_at_conversion": parameters.break_at_conversion,
        "engine": parameters.engine,
        "preset": parameters.preset,
        "request_hash": parameters.request_hash,
    }


def is_stale(graph: Graph, state: State, settings: Settings) -> bool:
    """Whether the current snapshot shows less than the warehouse has."""
    built = state.built.get(ASSET, {}).get(None)
    current = _published_by(state, settings)
    if built is None or current is None or not Looks(settings).is_whole(current):
        return True
    if current.manifest["code"] != snapshot_code(graph):
        return True
    # Manifests of earlier versions lack it.
    if current.manifest.get("attribution") != attribution_manifest(settings):
        return True
    if knows_something_else(built, state.as_of):
        return True
    logs = ("raw.loads", "raw.ihc_requests")
    newest_entry = max(state.touched.get(log, {}).get(None, 0) for log in logs)
    newest = max((newest_write(state, t.name) for t in graph.transforms), default=0)
    return max(newest, newest_entry) > built.seq


def outdated_files(state: State) -> tuple[str, ...]:
    """Of :data:`MADE_OF_IT`, what was made from another snapshot, or never."""
    shown, *made = (state.built.get(asset, {}).get(None) for asset in (ASSET, *MADE_OF_IT))
    return tuple(
        asset
        for asset, of in zip(MADE_OF_IT, made, strict=True)
        if shown is None or of is None or of.code_hash != shown.code_hash
    )


def publish(engine: Builder, graph: Graph) -> Snapshot:
    """Write what changed, link what did not, switch the pointer, prune.

    The warehouse is held throughout, so nobody loads or publishes in between. A kill at any
    point leaves the last snapshot in place, or the new one.
    """
    with engine.hold():
        return _publish(engine, graph)


def _publish(engine: Builder, graph: Graph) -> Snapshot:
    settings = engine.settings
    root = settings.published_path
    root.mkdir(parents=True, exist_ok=True)
    draft = root / ".draft"
    shutil.rmtree(draft, ignore_errors=True)  # left by a kill
    draft.mkdir()
    state = engine.state()
    last = _published_by(state, settings)
    looks = Looks(settings)
    tables = {
        table.name: _publish_table(engine, table, parts, draft, last=last, looks=looks)
        for table, parts in _tables(engine, graph, state)
    }
    manifest: dict[str, Any] = {
        "as_of": None if state.as_of.day is None else state.as_of.day.isoformat(),
        "watermarks": dict(state.as_of.feeds),
        "revenue_watermark": _text(state.as_of.known_until("revenue")),
        "cost_watermark": _text(_cost_known_until(state.as_of)),
        "currency": settings.currency,
        "timezone": settings.timezone,
        "window": settings.window,
        "attribution": attribution_manifest(settings),
        "code": snapshot_code(graph),
        "version": ltv_platform.__version__,
        "tables": tables,
    }
    name = snapshot_name(_next_number(root), manifest)
    manifest = {"id": name, **manifest}
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    _sync(draft / MANIFEST)
    seal_file(draft / MANIFEST)
    failpoint("snapshot drafted")
    os.replace(draft, root / name)
    failpoint("snapshot in place, pointer not switched")
    pointer = root / ".current_draft"
    pointer.write_text(name + "\n", "utf-8")
    _sync(pointer)
    failpoint("pointer drafted")
    os.replace(pointer, root / "current")
    failpoint("pointer switched, not recorded")
    engine.record([Writer(ASSET, name, state.as_of)], state.newest)
    failpoint("recorded, latest.duckdb as before")
    keep_latest(settings)
    failpoint("published, not pruned")
    prune(settings)
    looks.remember(published := Snapshot(root / name, manifest))
    return published


def _next_number(root: Path) -> int:
    numbers = (path.name.partition("-")[0] for path in root.iterdir() if path.is_dir())
    return 1 + max((int(number) for number in numbers if number.isdigit()), default=0)


def _published_by(state: State, settings: Settings) -> Snapshot | None:
    """The current snapshot if it was published from this very warehouse and can be read.

    ``built`` records its id. After the warehouse was recreated or restored from a backup, its
    numbers restart lower, and parts with the same number may contain other rows.
    """
    built = state.built.get(ASSET, {}).get(None)
    try:
        current = current_snapshot(settings)
    except UserError:  # damaged: there is nothing to link from, so everything is written
        return None
    if built is None or current is None or current.manifest["id"] != built.code_hash:
        return None
    return current


def _cost_known_until(as_of: AsOf) -> date | None:
    """The newest day with any known cost."""
    newest = as_of.grows_from("cost")
    return newest if as_of.day is None or newest is None else min(as_of.day, newest)


def _text(value: Any) -> str | None:
    return None if value is None else value.isoformat()


def _tables(engine: Builder, graph: Graph, state: State) -> Iterator[tuple[Table, Iterator[Part]]]:
    for transform in graph.transforms:
        yield transform.contract, derived_parts(engine, transform, state)
    for table in PUBLISHED_OPERATIONS:
        select = Select(f"SELECT {column_list(table.columns)} FROM {table.full_name}", {})
        # They change with every load and are small, so they are always written.
        yield table, iter([Part(f"{table.name}.parquet", select, "")])


def _publish_table(
    engine: Builder,
    table: Table,
    parts: Iterable[Part],
    draft: Path,
    *,
    last: Snapshot | None,
    looks: Looks,
) -> dict[str, Any]:
    known = {} if last is None else last.manifest["tables"].get(table.name, {"parts": []})
    linkable = {part["fingerprint"]: part for part in known.get("parts", ()) if part["fingerprint"]}
    written = []
    for part in parts:
        target = draft / part.file
        target.parent.mkdir(parents=True, exist_ok=True)
        old = linkable.get(part.fingerprint)
        source = None if old is None or last is None else last.path / old["file"]
        if old is not None and source and looks.is_intact(source, old) and _link(source, target):
            rows, sha256 = old["rows"], old["sha256"]
        else:
            order = [*table.key, *(c.name for c in table.published if c.name not in table.key)]
            rows = engine.copy_to_parquet(part.select, order, target)
            _sync(target)
            # Later snapshots link to it: what is written into one of them is written into all.
            sha256 = seal_file(target)
        written.append(
            {
                "file": part.file,
                "rows": rows,
                "bytes": target.stat().st_size,
                "sha256": sha256,
                "fingerprint": part.fingerprint,
            }
        )
    return {
        "layer": "operations" if table in PUBLISHED_OPERATIONS else table.layer,
        "rows": sum(part["rows"] for part in written),
        "columns": {column.name: column.type for column in table.published},
        "parts": written,
    }


def _link(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except OSError:  # gone, or a file system without hard links: write it
        return False
    return True


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _written(folder: Path) -> float:
    try:
        return (folder / MANIFEST).stat().st_mtime
    except OSError:  # damaged
        return 0.0


def forget_others(settings: Settings) -> list[str]:
    """Remove every snapshot except the current one, even if it is being read; return their names.

    Parts shared with it stay, because it has its own links to them.
    """
    current = current_snapshot(settings)
    if current is None:
        return []
    others = sorted(
        path for path in settings.published_path.iterdir() if path.is_dir() and path != current.path
    )
    for folder in others:
        shutil.rmtree(folder)
    return [folder.name for folder in others]


def prune(settings: Settings) -> int:
    """Remove snapshots with enough newer ones that nobody has read for some minutes.

    Returns:
        How many were removed.
    """
    newest = current_snapshot(settings)
    if newest is None:
        return 0
    folders = sorted(
        path
        for path in settings.published_path.iterdir()
        if path.is_dir() and not path.name.startswith(".") and path.name <= newest.path.name
    )
    # Pages say what has changed since an earlier day, however often somebody publishes.
    earlier: Snapshot | None = None
    with suppress(SnapshotError):
        earlier = snapshot_of_earlier_day(settings, newest)
    removed = 0
    for folder, following in islice(pairwise(folders), max(len(folders) - settings.snapshots, 0)):
        if earlier is not None and folder == earlier.path:
            continue
        mark = folder / USED_MARK
        used = (mark if mark.exists() else folder).stat().st_mtime
        last_used = max(used, _written(following))
        if time.time() - last_used > _IN_USE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed
