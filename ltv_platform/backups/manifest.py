"""The format of a backup: a folder named by its time, with the state of an LTV_HOME and a manifest.

``<time>/home/…`` has the layout of LTV_HOME; ``<time>/manifest.json`` lists every file with its
size and SHA-256, and a hash of itself. The folder gets its name when it is complete, so an
interrupted backup is never mistaken for a complete one.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from ltv_platform.errors import UserError

MANIFEST = "manifest.json"
CONTENTS = "home"
#: Names of folders of backups that are being made or removed.
DRAFTS = ".draft_"

#: Increased when the format of the manifest or the layout of the folder changes.
_FORMAT = 1
#: A second backup of the same second gets a number.
_NAME = re.compile(r"(\d{8}T\d{6}Z)(?:-(\d+))?")
_CHUNK = 1 << 20
#: At most this many damaged files are named; the others are counted.
_NAMED = 3


@dataclass(frozen=True)
class StoredFile:
    """A file of a backup: its length in bytes and its SHA-256 in hexadecimal."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Backup:
    """A backup as its manifest describes it.

    Attributes:
        path: Its folder.
        created_at: When it was made (with zone).
        version: The release of ltv-platform that made it.
        schema_version: The schema version of its warehouse.
        snapshot: The id of the published snapshot in it, if there is one.
        rows: Rows per raw table, by full name.
        files: Files by path relative to LTV_HOME, with slashes.
        folders: Paths of all folders, including empty ones.
    """

    path: Path
    created_at: datetime
    version: str
    schema_version: int
    snapshot: str | None
    rows: Mapping[str, int]
    files: Mapping[str, StoredFile]
    folders: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """The total size of all files."""
        return sum(file.bytes for file in self.files.values())

    def location(self, name: str) -> Path:
        """The path of a file of the backup."""
        return self.path / CONTENTS / name

    def check_presence(self) -> None:
        """Check that every file exists with the right size, without reading it.

        Raises:
            UserError: a file is missing or has another size.
        """
        wrong = []
        for name, file in self.files.items():
            path = self.location(name)
            if not path.is_file():
                wrong.append(f"{name} is missing")
            elif (length := path.stat().st_size) != file.bytes:
                wrong.append(f"{name} has {length:,} bytes instead of {file.bytes:,}")
        self.refuse(wrong)

    def refuse(self, wrong: list[str]) -> None:
        """Refuse the backup if any files are damaged.

        Raises:
            UserError: some are; the message names them.
        """
        if wrong:
            others = len(wrong) - _NAMED
            raise damaged(
                self.path,
                "; ".join(wrong[:_NAMED]) + (f"; and {others:,} more" if others > 0 else ""),
            )


def damaged(path: Path, what: str) -> UserError:
    """The error for a damaged backup."""
    others = [folder.name for folder in backups_in(path.parent) if folder != path]
    return UserError(
        f"The backup {path} is damaged: {what}.",
        f"Restore another one by name, such as {path.parent / others[-1]}."
        if others
        else "There are no other backups in its folder.",
    )


def sha256(source: BinaryIO, target: BinaryIO | None = None) -> StoredFile:
    """Length and hash of a file's content, which is also copied if a target is given."""
    digest, length = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        length += len(chunk)
        if target is not None:
            target.write(chunk)
    return StoredFile(length, digest.hexdigest())


def backups_in(folder: Path) -> list[Path]:
    """The backups in a folder, complete or not, the oldest first."""
    if not folder.is_dir():
        return []
    matches = [(_NAME.fullmatch(path.name), path) for path in folder.iterdir()]
    return [
        path
        for _, _, path in sorted(
            (match[1], int(match[2] or 1), path)
            for match, path in matches
            if match is not None and path.is_dir()
        )
    ]


def is_backup_name(name: str) -> bool:
    """Whether a folder of this name is a backup."""
    return _NAME.fullmatch(name) is not None


def time_of(path: Path) -> datetime:
    """When a backup was made, according to its name."""
    return datetime.strptime(path.name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def write_manifest(backup: Backup, folder: Path) -> None:
    """Write the manifest of a backup into its folder, which may not have its final name yet."""
    content = asdict(backup) | {"format": _FORMAT, "created_at": backup.created_at.isoformat()}
    del content["path"]
    content["sha256"] = _digest(content)
    (folder / MANIFEST).write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def read_backup(path: Path) -> Backup:
    """The backup in a folder.

    Raises:
        UserError: the manifest is missing, damaged or of a later release.
    """
    try:
        content = json.loads((path / MANIFEST).read_text("utf-8"))
        if content.pop("sha256") != _digest(content):
            raise ValueError("was changed after it was written")
    except FileNotFoundError as error:
        raise damaged(path, f"it has no {MANIFEST}") from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise damaged(path, f"its {MANIFEST} cannot be read ({error})") from error
    if content.pop("format") != _FORMAT:
        raise UserError(
            f"The backup {path} was made by ltv-platform {content.get('version')} in a format "
            "that this release does not support.",
            "Restore it with that release.",
        )
    files = {name: StoredFile(**file) for name, file in content.pop("files").items()}
    folders = tuple(content.pop("folders"))
    if any(leads_away(name) for name in (*files, *folders)):
        raise damaged(path, f"its {MANIFEST} names files outside the backup")
    created_at = datetime.fromisoformat(content.pop("created_at"))
    return Backup(path=path, created_at=created_at, files=files, folders=folders, **content)


def leads_away(name: str) -> bool:
    """Whether a path in a manifest leads out of its folder."""
    parts = PurePosixPath(name)
    return parts.is_absolute() or ".." in parts.parts


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
