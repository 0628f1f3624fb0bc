"""Makes a backup: the complete state of an LTV_HOME at one moment.

It includes everything in LTV_HOME except locks, drafts, caches, older snapshots, files that an
upgrade or a restore has set aside, and logs of Dagster's steps. Landing, the warehouse and the
snapshot are copied under the lock of the warehouse, so they belong to the same moment. ``loaded``
is copied last, so a file that moves from landing to ``loaded`` is in one of the two copies; files
loaded after the moment are left out.
"""

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, suppress
from pathlib import Path

from ltv_platform import __version__
from ltv_platform.backups.manifest import (
    CONTENTS,
    DRAFTS,
    Backup,
    StoredFile,
    backups_in,
    read_backup,
    sha256,
    write_manifest,
)
from ltv_platform.days import stamp
from ltv_platform.errors import UserError
from ltv_platform.failpoints import failpoint
from ltv_platform.locks import temporary_folder
from ltv_platform.published.current import current_snapshot
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Engine

Progress = Callable[[str], None]

#: Beginning of the names of temporary folders, and end of the names of drafts.
_UNDER_WAY = (".", "staging_", "warehouse_", "restoring_")
_PASSING = (".lock", ".new", ".tmp")
#: Caches; they are rebuilt automatically.
_CACHE = "cache"
#: Output of Dagster's steps: not state, and it keeps growing.
_STEP_LOGS = "storage"
#: Files next to a SQLite database; its backup API includes their content.
_OF_SQLITE = ("-wal", "-shm", "-journal")


def replaced_path(settings: Settings) -> Path:
    """Where a restore moves the previous content of LTV_HOME."""
    return settings.home / "replaced"


def is_state(settings: Settings, path: Path) -> bool:
    """Whether an entry of LTV_HOME is state, and so part of a backup."""
    aside = (
        settings.upgrade_copies_path,
        replaced_path(settings),
        settings.restoring_path,
        settings.home / _CACHE,
    )
    under_way = (*_UNDER_WAY, f"{settings.warehouse_path.name}.")
    passing = path.name.startswith(under_way) or path.name.endswith(_PASSING)
    return not passing and path not in aside


def back_up(engine: Engine, folder: Path, progress: Progress) -> Backup:
    """Make a backup of an LTV_HOME in ``folder/<time>/``.

    A file that is equal, byte by byte, to that of the newest backup in the folder is hard-linked to
    it if the file system supports that; each backup is complete by itself.

    The caller must prevent a concurrent ``ltv restore`` or ``ltv erase``
    (:func:`ltv_platform.locks.one_run`); loads and runs are harmless.

    Args:
        engine: The warehouse; it must not be held by this process.
        folder: The folder of the backups, outside LTV_HOME; created if necessary.
        progress: Called with a description of each step.

    Returns:
        The backup.

    Raises:
        UserError: there is nothing to back up, or the folder is inside LTV_HOME or cannot be
            written; no part of the backup is left there.
    """
    settings = engine.settings
    folder = folder.expanduser().absolute()
    if folder.resolve().is_relative_to(settings.home.resolve()):
        raise UserError(
            f"{folder} is inside LTV_HOME and would be lost with it.",
            "Choose a folder outside it, preferably on another disk.",
        )
    if not settings.warehouse_path.exists():
        raise UserError(
            f"There is nothing to back up: {settings.home} contains no warehouse.",
            "Check LTV_HOME; `ltv doctor` shows it.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with temporary_folder(folder, DRAFTS) as drafts:
            return _back_up(engine, folder, drafts / "backup", progress)
    except (OSError, sqlite3.Error) as error:
        raise UserError(
            f"No backup was made in {folder}: {error}.",
            "Free some space or fix its permissions, then try again; no partial backup is left "
            "there.",
        ) from error


def _back_up(engine: Engine, folder: Path, path: Path, progress: Progress) -> Backup:
    settings = engine.settings
    path.mkdir(mode=0o700)  # it holds personal data
    draft = _Draft(settings.home, path / CONTENTS, _newest_whole(folder))
    created_at = settings.current_time()
    with engine.hold():
        progress("copying the warehouse")
        rows = {
            table.full_name: int(engine.rows(f"SELECT COUNT(*) FROM {table.full_name}")[0][0])
            for table in engine.catalog
            if table.layer == "raw"
        }
        loads = {load for (load,) in engine.rows("SELECT load_id FROM raw.loads")}
        loads |= set(_names(settings.loaded_path))
        engine.copy(draft.place(settings.warehouse_path))
        draft.settle(settings.warehouse_path)
        progress("copying landing and the snapshot")
        snapshot = _copy_snapshot(settings, draft)
        _copy_other(settings, draft)
    progress("copying loaded files")
    _copy_loaded(settings, draft, loads)
    progress("copying Dagster's history")
    _copy_dagster(settings, draft)
    backup = Backup(
        path=_free_name(folder, stamp(created_at)),
        created_at=created_at,
        version=__version__,
        schema_version=engine.schema_version,
        snapshot=snapshot,
        rows=rows,
        files=draft.files,
        folders=tuple(draft.folders),
    )
    write_manifest(backup, path)
    progress("waiting for the disk")
    os.sync()
    failpoint("backup made, not in place")
    os.replace(path, backup.path)
    return backup


def _newest_whole(folder: Path) -> Backup | None:
    """The newest backup with a readable manifest."""
    for path in reversed(backups_in(folder)):
        with suppress(UserError):
            return read_backup(path)
    return None


def _free_name(folder: Path, name: str) -> Path:
    number, path = 1, folder / name
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}"
    return path


def _names(folder: Path) -> Iterator[str]:
    return (path.name for path in folder.iterdir()) if folder.is_dir() else iter(())


class _Draft:
    """A backup in the making.

    Args:
        home: LTV_HOME.
        target: Folder for its files.
        previous: The backup to link equal files from.
    """

    def __init__(self, home: Path, target: Path, previous: Backup | None) -> None:
        self.home = home
        self.target = target
        self.previous = previous
        self.files: dict[str, StoredFile] = {}
        self.folders: list[str] = []
        target.mkdir(parents=True)

    def name(self, path: Path) -> str:
        """The name of a file of LTV_HOME in the manifest."""
        return path.relative_to(self.home).as_posix()

    def place(self, path: Path) -> Path:
        """The path of a file of LTV_HOME in the draft."""
        target = self.target / self.name(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def settle(self, path: Path) -> None:
        """Record a file of LTV_HOME that was copied to its :meth:`place`."""
        target = self.place(path)
        if not self._link(path, target):
            with target.open("rb") as copied:
                self.files[self.name(path)] = sha256(copied)

    def copy(self, path: Path) -> None:
        """Copy a file of LTV_HOME, and record it."""
        if not self._link(path, path):
            with path.open("rb") as source, self.place(path).open("wb") as target:
                self.files[self.name(path)] = sha256(source, target)

    def copy_tree(self, path: Path, copy: Callable[[Path], None] | None = None) -> None:
        """Copy a file, or a folder recursively; skips links and pipes.

        Args:
            path: The file or folder.
            copy: Copies and records a file; by default :meth:`copy`.
        """
        if path.is_file():
            (copy or self.copy)(path)
            return
        for place, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if not (Path(place) / name).is_symlink())
            self.folders.append(self.name(Path(place)))
            for file in sorted(Path(place) / name for name in files):
                if file.is_file() and not file.is_symlink() and file.name != ".lock":
                    (copy or self.copy)(file)

    def _link(self, path: Path, fresh: Path) -> bool:
        """Link the file of the previous backup if its bytes are equal to those of the new one."""
        name = self.name(path)
        known = None if self.previous is None else self.previous.files.get(name)
        if self.previous is None or known is None or fresh.stat().st_size != known.bytes:
            return False
        old, target = self.previous.location(name), self.place(path)
        try:
            for same in (fresh, old):
                with same.open("rb") as file:
                    if sha256(file) != known:
                        return False
            link = target.with_name(f".{target.name}.link")
            os.link(old, link)
            os.replace(link, target)
        except OSError:  # the old file is gone, or the file system has no hard links
            return False
        self.files[name] = known
        return True


def _copy_snapshot(settings: Settings, draft: _Draft) -> str | None:
    """Copy the current snapshot, unless it is damaged: `ltv run` publishes it again."""
    try:
        current = current_snapshot(settings)
    except UserError:
        return None
    if current is None:
        return None
    draft.folders.append(draft.name(settings.published_path))
    draft.copy_tree(current.path, lambda path: None if path.name[0] == "." else draft.copy(path))
    draft.copy(settings.published_path / "current")
    return current.path.name


def _copy_other(settings: Settings, draft: _Draft) -> None:
    """Copy everything without a special method; files of landing may disappear meanwhile."""

    def copy(path: Path) -> None:
        with suppress(FileNotFoundError):
            draft.copy(path)

    elsewhere = (
        settings.warehouse_path,
        settings.published_path,
        settings.loaded_path,
        settings.dagster_path,
    )
    # A segment of events moves from the spool to landing, so it is in one of the copies or in both.
    in_order = sorted(settings.home.iterdir(), key=lambda path: (path != settings.spool_path, path))
    for path in in_order:
        if path not in elsewhere and is_state(settings, path):
            draft.copy_tree(path, copy)


def _copy_loaded(settings: Settings, draft: _Draft, loads: Collection[str]) -> None:
    """Copy the files of the loads in the copied warehouse."""
    if settings.loaded_path.is_dir():
        draft.folders.append(draft.name(settings.loaded_path))
        for path in sorted(settings.loaded_path.iterdir()):
            if path.name in loads:
                draft.copy_tree(path)


def _copy_dagster(settings: Settings, draft: _Draft) -> None:
    """Copy configuration and history; SQLite's API copies databases, because others write to them.

    Old run histories are pruned, so a file may disappear before it is copied.
    """

    def copy(path: Path) -> None:
        if path.name.endswith(_OF_SQLITE):
            return
        try:
            if path.suffix == ".db":
                _copy_sqlite(path, draft.place(path))
                draft.settle(path)
            else:
                draft.copy(path)
        except (FileNotFoundError, sqlite3.OperationalError):
            if path.exists():
                raise
            draft.place(path).unlink(missing_ok=True)

    if settings.dagster_path.is_dir():
        draft.folders.append(draft.name(settings.dagster_path))
        for path in sorted(settings.dagster_path.iterdir()):
            if path.name != _STEP_LOGS:
                draft.copy_tree(path, copy)


def _copy_sqlite(path: Path, target: Path) -> None:
    # Does not create the database if it has disappeared meanwhile.
    with (
        closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)
