"""Whether the files of a snapshot are unchanged: by hash, and quickly if nothing was touched.

A manifest has the SHA-256 of each file. Hashing a large snapshot takes seconds, so a file is not
read again while its size, time, mode and inode are the same as when it was last hashed. These are
kept in ``cache/``; if that is deleted, every file is hashed once more.
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

#: State of a file when it was hashed: size, time of change, mode, hash.
_Look = list[int | str]


def seal_file(path: Path) -> str:
    """Make a new file read-only, keeping who may read it; returns its SHA-256."""
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)
    return digest(path)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Looks:
    """States of the snapshot files of an LTV_HOME when they were last hashed.

    Args:
        settings: Name the LTV_HOME.
    """

    def __init__(self, settings: Settings) -> None:
        self._path = settings.home / "cache" / "snapshot_files"
        self._known: dict[str, _Look] = {}
        with suppress(OSError, ValueError):
            kept = json.loads(self._path.read_text("utf-8"))
            self._known = kept if isinstance(kept, dict) else {}

    def is_intact(self, path: Path, part: Mapping[str, Any]) -> bool:
        """Whether a file matches the manifest; reads it only if it was touched since.

        Args:
            path: The file.
            part: Its entry in the manifest. Manifests of earlier versions have no hashes; their
                files cannot be verified.
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
        """Whether all files of a snapshot are unchanged."""
        before = dict(self._known)
        whole = all(self.is_intact(path, part) for path, part in _parts(snapshot))
        if self._known != before:
            self._keep()
        return whole

    def remember(self, snapshot: Snapshot) -> None:
        """Record the file states of a snapshot that was just written, and drop all others."""
        self._known = {}
        for path, part in _parts(snapshot):
            with suppress(OSError):
                inode, look = _look(path)
                self._known[inode] = [*look, part["sha256"]]
        self._keep()

    def _keep(self) -> None:
        with suppress(OSError):  # disk full or no permission: the next command hashes again
            self._path.parent.mkdir(exist_ok=True)
            draft = self._path.with_name(f".{self._path.name}_{os.getpid()}")
            draft.write_text(json.dumps(self._known), "utf-8")
            os.replace(draft, self._path)


def changed_files(snapshot: Snapshot) -> list[str]:
    """The changed files of a snapshot; reads every file."""
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
