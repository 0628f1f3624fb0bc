"""Whether the files of a snapshot hold what was written: by hash, and quickly where nothing moved.

A manifest has the SHA-256 of each file. To hash a large snapshot takes seconds, so a file whose
size, time, mode and inode are those of when it was last hashed is not read again. These stand in
``cache/``, which may be deleted: then every file is hashed once more.
"""

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ltv_platform.published.current import Snapshot
from ltv_platform.settings import Settings

#: What a file looked like when it had a hash: size, time of change, mode, hash.
_Look = list[int | str]


def seal_file(path: Path) -> str:
    """Make a file that was just written read-only, for whoever may read it; its SHA-256."""
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)
    return digest(path)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Looks:
    """What the files of the snapshots of an LTV_HOME looked like when they were last hashed.

    Args:
        settings: Where it lies.
    """

    def __init__(self, settings: Settings) -> None:
        self._path = settings.home / "cache" / "snapshot_files"
        self._known: dict[str, _Look] = {}
        with suppress(OSError, ValueError):
            kept = json.loads(self._path.read_text("utf-8"))
            self._known = kept if isinstance(kept, dict) else {}

    def is_intact(self, path: Path, part: Mapping[str, Any]) -> bool:
        """Whether a file is as the manifest has it; read only if it was touched since.

        Args:
            path: The file.
            part: Its entry in the manifest. Those of earlier versions hold no hash: then nothing
                vouches for the file.
        """
        try:
            inode, look = _look(path)
            if look[0] != part.get("bytes") or "sha256" not in part:
                return False
            if self._known.get(inode) != [*look, part["sha256"]]:
                self._known[inode] = [*look, digest(path)]
            return bool(self._known[inode][-1] == part["sha256"])
        except OSError:
            return False

    def is_whole(self, snapshot: Snapshot) -> bool:
        """Whether all files of a snapshot are as they were written."""
        before = dict(self._known)
        whole = all(self.is_intact(path, part) for path, part in _parts(snapshot))
        if self._known != before:
            self._keep()
        return whole

    def remember(self, snapshot: Snapshot) -> None:
        """Take down what the files of a snapshot look like that was just written; forget others."""
        self._known = {}
        for path, part in _parts(snapshot):
            with suppress(OSError):
                inode, look = _look(path)
                self._known[inode] = [*look, part["sha256"]]
        self._keep()

    def _keep(self) -> None:
        with suppress(OSError):  # no room, no leave: the next command hashes once more
            self._path.parent.mkdir(exist_ok=True)
            draft = self._path.with_name(f".{self._path.name}_{os.getpid()}")
            draft.write_text(json.dumps(self._known), "utf-8")
            os.replace(draft, self._path)


def changed_files(snapshot: Snapshot) -> list[str]:
    """The files of a snapshot that are not as they were written, each of them read for it."""
    return [part["file"] for path, part in _parts(snapshot) if not _holds(path, part)]


def _holds(path: Path, part: Mapping[str, Any]) -> bool:
    try:
        return digest(path) == part.get("sha256")
    except OSError:
        return False


def _parts(snapshot: Snapshot) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for table in snapshot.manifest["tables"].values():
        for part in table["parts"]:
            yield snapshot.path / part["file"], part


def _look(path: Path) -> tuple[str, list[int | str]]:
    seen = path.stat()
    return str(seen.st_ino), [seen.st_size, seen.st_mtime_ns, seen.st_mode]
