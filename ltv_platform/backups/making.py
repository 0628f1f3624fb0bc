"""Making a backup: the whole state of an LTV_HOME as of one moment.

Whatever lies in LTV_HOME is taken, but for locks, drafts, caches, older snapshots, what an upgrade
or a restore has put aside, and the logs of Dagster's steps. The moment is one at which nobody else
has the warehouse: what waits in landing, the warehouse and the snapshot are copied under its lock.
A file on its way from landing to ``loaded`` is in the copy of one or the other, because ``loaded``
is copied last; what was loaded after the moment is left out of it.
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

#: Folders of processes under way begin so, and drafts of files end so.
_UNDER_WAY = (".", "staging_", "warehouse_", "restoring_")
_PASSING = (".lock", ".new", ".tmp")
#: What commands keep to be quicker; it is made again by itself.
_CACHE = "cache"
#: What Dagster's steps printed; it is no state, and grows.
_STEP_LOGS = "storage"
#: Beside a SQLite database; its own way of copying brings along what they hold.
_OF_SQLITE = ("-wal", "-shm", "-journal")


def replaced_path(settings: Settings) -> Path:
    """Where a restore moves what LTV_HOME held before."""
    return settings.home / "replaced"


def is_state(settings: Settings, path: Path) -> bool:
    """Whether an entry of LTV_HOME belongs to its state, which a backup holds."""
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

    A file that the newest backup in the folder holds too is linked to it where the file system
    can do so, after both were compared byte by byte; so each backup is whole by itself.

    The caller sees to it that no ``ltv restore`` or ``ltv erase`` runs meanwhile
    (:func:`ltv_platform.locks.one_run`); loads and runs do no harm.

    Args:
        engine: The warehouse, which nobody holds in this process.
        folder: Where backups lie, outside LTV_HOME; made if need be.
        progress: Told what is being done.

    Returns:
        The backup.

    Raises:
        UserError: there is nothing to back up, the folder lies in LTV_HOME or does not take it;
            no part of the backup is left there.
    """
    settings = engine.settings
    folder = folder.expanduser().absolute()
    if folder.resolve().is_relative_to(settings.home.resolve()):
        raise UserError(
            f"{folder} is inside LTV_HOME, and would be lost together with it.",
            "Choose a folder elsewhere, at best on another disk.",
        )
    if not settings.warehouse_path.exists():
        raise UserError(
            f"There is nothing to back up: {settings.home} holds no warehouse.",
            "Check LTV_HOME; `ltv doctor` shows it.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with temporary_folder(folder, DRAFTS) as drafts:
            return _back_up(engine, folder, drafts / "backup", progress)
    except (OSError, sqlite3.Error) as error:
        raise UserError(
            f"No backup was made in {folder}: {error}.",
            "Make room or fix its permissions, then try again; nothing half-made is left there.",
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
    """The newest backup whose manifest can be read."""
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
    """The contents of a backup while they are copied.

    Args:
        home: LTV_HOME.
        target: Where its files go.
        previous: The backup whose files are linked where they are the same.
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
        """Where a file of LTV_HOME goes."""
        target = self.target / self.name(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def settle(self, path: Path) -> None:
        """Enter a file of LTV_HOME that was copied to its :meth:`place`."""
        target = self.place(path)
        if not self._link(path, target):
            with target.open("rb") as copied:
                self.files[self.name(path)] = sha256(copied)

    def copy(self, path: Path) -> None:
        """Copy a file of LTV_HOME, and enter it."""
        if not self._link(path, path):
            with path.open("rb") as source, self.place(path).open("wb") as target:
                self.files[self.name(path)] = sha256(source, target)

    def copy_tree(self, path: Path, copy: Callable[[Path], None] | None = None) -> None:
        """Copy a file, or a folder with all files and folders in it; links lead away, pipes block.

        Args:
            path: The file or folder.
            copy: How a file is copied and entered; default: :meth:`copy`.
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
        """Take over the file of the previous backup if it holds the bytes of the fresh one."""
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
        except OSError:  # the old one is gone, or there are no hard links here
            return False
        self.files[name] = known
        return True


def _copy_snapshot(settings: Settings, draft: _Draft) -> str | None:
    """Copy the snapshot that counts; a damaged one is left out, for `ltv run` makes it anew."""
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
    """Copy what neither has a way of its own nor comes later; files of landing may go meanwhile."""

    def copy(path: Path) -> None:
        with suppress(FileNotFoundError):
            draft.copy(path)

    elsewhere = (
        settings.warehouse_path,
        settings.published_path,
        settings.loaded_path,
        settings.dagster_path,
    )
    for path in sorted(settings.home.iterdir()):
        if path not in elsewhere and is_state(settings, path):
            draft.copy_tree(path, copy)


def _copy_loaded(settings: Settings, draft: _Draft, loads: Collection[str]) -> None:
    """Copy the files of the loads that the copied warehouse knows."""
    if settings.loaded_path.is_dir():
        draft.folders.append(draft.name(settings.loaded_path))
        for path in sorted(settings.loaded_path.iterdir()):
            if path.name in loads:
                draft.copy_tree(path)


def _copy_dagster(settings: Settings, draft: _Draft) -> None:
    """Copy the configuration and the history; SQLite copies its databases, for others write them.

    Histories of runs are removed by and by, so a file may be gone before its turn.
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
    # It is not made where it has gone meanwhile.
    with (
        closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)
