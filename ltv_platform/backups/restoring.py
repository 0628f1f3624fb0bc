"""Restores a backup into an LTV_HOME, and sets its previous content aside.

Each step either leaves LTV_HOME unchanged or can be resumed after a kill:

1. All files are copied into a draft and hashed on the way. Nothing else is touched so far.
2. The draft is renamed to ``restoring/``. From here on nobody can use this LTV_HOME
   (``locks.refuse_half_restored``) until a restore has finished.
3. The previous content of LTV_HOME is moved to ``replaced/<time>/``; a marker records the end.
4. The restored content is moved into place, and ``restoring/`` is removed.
"""

import errno
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from ltv_platform.backups.making import Progress, is_state, replaced_path
from ltv_platform.backups.manifest import (
    CONTENTS,
    MANIFEST,
    Backup,
    backups_in,
    is_backup_name,
    read_backup,
    sha256,
)
from ltv_platform.contracts import build_catalog
from ltv_platform.days import stamp
from ltv_platform.errors import UserError
from ltv_platform.failpoints import failpoint
from ltv_platform.locks import one_receiver, one_run, one_service, temporary_folder
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Engine
from ltv_platform.warehouse.opening import open_engine

_PLAN = "plan.json"
#: Marker in ``restoring/``: the previous content of LTV_HOME is set aside completely.
_ASIDE = "old_state_is_aside"
#: Folders that can be rebuilt: an LTV_HOME with only these holds no data.
_REMADE = ("dagster", "reports")


@dataclass(frozen=True)
class Restored:
    """The result of a restore.

    Attributes:
        backup: The folder of the backup.
        aside: Folder of the replaced state; None if there was none.
        continued: It finished an interrupted restore.
    """

    backup: Path
    aside: Path | None
    continued: bool = False


def restore(
    settings: Settings, folder: Path, progress: Progress, *, overwrite: bool = False
) -> Restored:
    """Restore the state of a backup in an LTV_HOME.

    Args:
        settings: Name the LTV_HOME; created if necessary.
        folder: A backup, or a folder of backups, of which the newest is taken.
        progress: Called with a description of each step.
        overwrite: Set existing content of LTV_HOME aside.

    Returns:
        The result.

    Raises:
        UserError: there is no such backup, it is damaged or has a newer schema version, LTV_HOME
            holds data or is in use by `ltv up` or `ltv serve`, or the disk is full; LTV_HOME is
            unchanged.
    """
    folder = folder.expanduser().absolute()
    engine = open_engine(settings, build_catalog(settings))
    with one_service(settings), one_receiver(settings), one_run(settings, progress):
        if settings.restoring_path.exists():
            restored = _put_in_place(engine, progress, continued=True)
            if folder in (restored.backup, restored.backup.parent):
                return restored
        backup = _backup_at(folder)
        newest = engine.schema_version
        if backup.schema_version > newest:
            raise UserError(
                f"The backup {backup.path} has schema version {backup.schema_version}; this "
                f"release supports versions up to {newest}.",
                f"Restore it with ltv-platform {backup.version}, which made it, or a newer one.",
            )
        if not overwrite and _holds_data(settings):
            raise UserError(
                f"{settings.home} contains data.",
                "Choose another LTV_HOME, or add --overwrite, which moves its contents to "
                f"{replaced_path(settings)}.",
            )
        backup.check_presence()
        _fetch(engine, backup, progress)
        return _put_in_place(engine, progress)


def _backup_at(folder: Path) -> Backup:
    """The backup that a path names; damaged ones are never skipped silently."""
    if is_backup_name(folder.name) or (folder / MANIFEST).exists():
        return read_backup(folder)
    if not (found := backups_in(folder)):
        raise UserError(
            f"{folder} contains no backup.",
            "Give the folder that you gave to `ltv backup`, or one of the backups in it.",
        )
    return read_backup(found[-1])


def _stays(settings: Settings, path: Path) -> bool:
    """Whether an entry of LTV_HOME survives a restore: locks, and content set aside before."""
    aside = (settings.upgrade_copies_path, replaced_path(settings))
    restoring = path.name.startswith(settings.restoring_path.name)
    return restoring or path in aside or path.name.endswith(".lock")


def _holds_data(settings: Settings) -> bool:
    return any(
        is_state(settings, path)
        and path.name not in _REMADE
        and (path.is_file() or any(file.is_file() for file in path.rglob("*")))
        for path in settings.home.iterdir()
    )


def _fetch(engine: Engine, backup: Backup, progress: Progress) -> None:
    """Copy all files of a backup into ``restoring/``, verifying the hash of each.

    Raises:
        UserError: a file is damaged, or the disk is full; LTV_HOME is unchanged.
    """
    settings = engine.settings
    progress("copying the backup and comparing every byte")
    free = shutil.disk_usage(settings.home).free
    if backup.bytes > free:
        raise UserError(
            f"The backup {backup.path} has {backup.bytes:,} bytes, but the disk of "
            f"{settings.home} has only {free:,}.",
            "Free some space, then restore it again.",
        )
    try:
        with temporary_folder(settings.home, f"{settings.restoring_path.name}_") as drafts:
            draft = drafts / "draft"
            wrong = []
            for folder in ("", *backup.folders):
                (draft / CONTENTS / folder).mkdir(parents=True, exist_ok=True)
            for name, expected in backup.files.items():
                place = draft / CONTENTS / name
                place.parent.mkdir(parents=True, exist_ok=True)
                with backup.location(name).open("rb") as source, place.open("wb") as target:
                    if sha256(source, target) != expected:
                        wrong.append(f"{name} does not match the bytes written")
            backup.refuse(wrong)
            plan = {"backup": str(backup.path), "aside": stamp(settings.current_time())}
            (draft / _PLAN).write_text(json.dumps(plan) + "\n", "utf-8")
            progress("waiting for the disk")
            os.sync()
            failpoint("restore fetched, not begun")
            with engine.alone():
                os.replace(draft, settings.restoring_path)
    except OSError as error:
        raise UserError(
            f"The backup {backup.path} was not restored: {error}.",
            f"{settings.home} is unchanged. Free some space or fix permissions, then restore it "
            "again.",
        ) from error


def _put_in_place(engine: Engine, progress: Progress, *, continued: bool = False) -> Restored:
    """Replace the state of LTV_HOME by that in ``restoring/``, resuming where it stopped."""
    settings = engine.settings
    progress("putting the restored files in place")
    restoring = settings.restoring_path
    plan = json.loads((restoring / _PLAN).read_text("utf-8"))
    aside = replaced_path(settings) / plan["aside"]
    try:
        with engine.alone():
            failpoint("restore begun, nothing moved")
            if not (restoring / _ASIDE).exists():
                for path in sorted(settings.home.iterdir()):
                    if not _stays(settings, path):
                        aside.mkdir(parents=True, exist_ok=True)
                        move(path, aside / path.name)
                        failpoint("part of the old state put aside")
                (restoring / _ASIDE).touch()
                failpoint("old state put aside")
            for path in sorted((restoring / CONTENTS).iterdir()):
                move(path, settings.home / path.name)
                failpoint("part of the new state in place")
            failpoint("new state in place")
            done = restoring.with_name(f"{restoring.name}_done")
            shutil.rmtree(done, ignore_errors=True)  # left by a killed process
            os.replace(restoring, done)
            shutil.rmtree(done)
    except OSError as error:
        raise UserError(
            f"{settings.home} is half restored: {error}.",
            "Fix the cause, then run the same `ltv restore` again; it continues from here.",
        ) from error
    return Restored(Path(plan["backup"]), aside if aside.exists() else None, continued)


def move(source: Path, target: Path) -> None:
    """Move a file or folder to a path that may already exist.

    It is renamed, unless the target is a mount point or an existing folder: then its content is
    moved. A file in the way is renamed.
    """
    if target.is_symlink() or target.is_file():
        os.replace(target, _free(target))
    try:
        source.rename(target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EBUSY, errno.ENOTEMPTY, errno.EEXIST):
            raise
        if source.is_dir() and not source.is_symlink():
            target.mkdir(exist_ok=True)
            for path in sorted(source.iterdir()):
                move(path, target / path.name)
            if not os.path.ismount(source):
                source.rmdir()
            return
        draft = target.with_name(f".{target.name}.part")
        shutil.copy2(source, draft, follow_symlinks=False)
        os.replace(draft, target)
        source.unlink()


def _free(path: Path) -> Path:
    number = 1
    while (other := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    return other
