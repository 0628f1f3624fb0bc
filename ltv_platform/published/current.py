"""The current snapshot: where it is and what its manifest says.

For readers; ``snapshot`` writes it. Needs neither the engine nor the wiring of the tables.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ltv_platform.errors import UserError
from ltv_platform.settings import Settings

MANIFEST = "manifest.json"
#: Readers touch this file in the snapshot they read.
USED_MARK = ".used"
#: What the pointer may contain: a damaged one must not lead outside ``published/``.
_NAME = re.compile(r"[0-9]{6,}-[0-9a-f]{8}")


class SnapshotError(UserError):
    """The snapshot cannot answer anybody: it is missing, damaged, or of another version."""


@dataclass(frozen=True)
class Snapshot:
    """A published snapshot.

    Attributes:
        path: Its folder.
        manifest: The content of its manifest.
    """

    path: Path
    manifest: Mapping[str, Any]

    @property
    def as_of(self) -> date | None:
        """The last day included in its figures."""
        text = self.manifest["as_of"]
        return None if text is None else date.fromisoformat(text)

    def files(self, table: str) -> list[str]:
        """The Parquet files of a table by its plain name."""
        parts = self.manifest["tables"][table]["parts"]
        return [str(self.path / part["file"]) for part in parts]

    def mark_used(self) -> None:
        """Protect it from pruning for the next minutes; does nothing in a read-only folder."""
        try:
            (self.path / USED_MARK).touch()
        except OSError:
            return


def current_snapshot(settings: Settings) -> Snapshot | None:
    """The current snapshot; None before the first publication.

    Raises:
        SnapshotError: the pointer or the manifest is damaged.
    """
    pointer = settings.published_path / "current"
    try:
        name = pointer.read_text("utf-8", errors="replace").strip()
    except FileNotFoundError:
        return None
    return _opened(settings, name)


def snapshot_before(settings: Settings, snapshot: Snapshot) -> Snapshot | None:
    """The newest kept snapshot of an earlier day; if there is none, the one before.

    Returns:
        The snapshot; None if no older one is kept. A day is that of ``as_of``.

    Raises:
        SnapshotError: one of them is damaged.
    """
    older = _older(settings, snapshot)
    return snapshot_of_earlier_day(settings, snapshot) or (older[0] if older else None)


def snapshot_of_earlier_day(settings: Settings, snapshot: Snapshot) -> Snapshot | None:
    """The newest kept snapshot with an earlier ``as_of``; None: there is none.

    Raises:
        SnapshotError: a kept snapshot is damaged.
    """
    as_of = snapshot.as_of
    for each in _older(settings, snapshot):
        if as_of is not None and each.as_of is not None and each.as_of < as_of:
            return each
    return None


def _older(settings: Settings, snapshot: Snapshot) -> list[Snapshot]:
    """The kept snapshots before this one, newest first."""
    names = [path.name for path in settings.published_path.iterdir()]
    older = [name for name in names if _NAME.fullmatch(name) and name < snapshot.path.name]
    return [_opened(settings, name) for name in sorted(older, reverse=True)]


def _opened(settings: Settings, name: str) -> Snapshot:
    folder = settings.published_path / name
    try:
        if not _NAME.fullmatch(name):
            raise ValueError("not the name of a snapshot")
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        number = int(name.partition("-")[0])
        if not isinstance(manifest, dict) or name != snapshot_name(number, manifest):
            raise ValueError("its manifest was changed after it was written")
    except (OSError, ValueError) as error:
        raise damaged(name, str(error)) from error
    return Snapshot(folder, manifest)


def require_snapshot(settings: Settings) -> Snapshot:
    """The current snapshot.

    Raises:
        SnapshotError: nothing has been published yet, or it is damaged.
    """
    snapshot = current_snapshot(settings)
    if snapshot is None:
        raise SnapshotError(
            f"Nothing is published in {settings.home} yet.",
            "Load files with `ltv ingest`, then run `ltv run`; or try `ltv demo`.",
        )
    return snapshot


def own_files(settings: Settings) -> Mapping[str, Path]:
    """The files of user tables by full name, as in ``mine.top_campaigns``."""
    return {
        f"{path.parent.name}.{path.stem}": path
        for path in sorted(settings.own_path.glob("*/[!.]*.parquet"))
    }


def damaged(name: str, what: str) -> SnapshotError:
    """The error for an unreadable snapshot; publishing again fixes it."""
    first_line = what.partition("\n")[0]
    return SnapshotError(
        f"The published snapshot {name!r} cannot be read: {first_line}.",
        "Run `ltv run` to publish it again; the warehouse is not affected.",
    )


def snapshot_name(number: int, manifest: Mapping[str, Any]) -> str:
    """The name of a snapshot, which contains a hash of its manifest."""
    content = {key: value for key, value in manifest.items() if key != "id"}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return f"{number:06d}-{digest[:8]}"
