"""Restoring a backup: an LTV_HOME as it was, and what it held before put aside.

In steps, each of which leaves LTV_HOME as it was or can be gone on with after a kill:

1. All files are copied into a draft and hashed on the way. Until here nothing else is touched.
2. The draft is renamed to ``restoring/``. From here on nobody works on this LTV_HOME
   (``locks.refuse_half_restored``) until a restore has done the rest.
3. What LTV_HOME held is renamed into ``replaced/<time>/``, and a mark says that it all is.
4. What was restored is renamed into its place, and ``restoring/`` goes.
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
from ltv_platform.locks import one_run, one_service, temporary_folder
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Engine
from ltv_platform.warehouse.opening import open_engine

_PLAN = "plan.json"
#: In ``restoring/``: everything that LTV_HOME held is put aside.
_ASIDE = "old_state_is_aside"
#: Folders that can be made again, so that an LTV_HOME with no others holds no data.
_REMADE = ("dagster", "reports")


@dataclass(frozen=True)
class Restored:
    """What a restore has done.

    Attributes:
        backup: The folder of the backup.
        aside: Where the state that was replaced lies; None if there was none.
        continued: It finished a restore that had been killed.
    """

    backup: Path
    aside: Path | None
    continued: bool = False


def restore(
    settings: Settings, folder: Path, progress: Progress, *, overwrite: bool = False
) -> Restored:
    """Bring an LTV_HOME back to the state of a backup.

    Args:
        settings: Where LTV_HOME lies; made if need be.
        folder: A backup, or the folder in which backups lie: then the newest of them.
        progress: Told what is being done.
        overwrite: Put what LTV_HOME holds aside.

    Returns:
        What was done.

    Raises:
        UserError: there is no such backup, it is damaged or of a newer schema version, LTV_HOME
            holds data or is served by `ltv up`, or the disk does not take it; LTV_HOME is as it
            was.
    """
    folder = folder.expanduser().absolute()
    engine = open_engine(settings, build_catalog(settings))
    with one_service(settings), one_run(settings, progress):
        if settings.restoring_path.exists():
            restored = _put_in_place(engine, progress, continued=True)
            if folder in (restored.backup, restored.backup.parent):
                return restored
        backup = _chosen(folder)
        newest = engine.schema_version
        if backup.schema_version > newest:
            raise UserError(
                f"The backup {backup.path} has schema version {backup.schema_version}; this "
                f"release knows versions up to {newest}.",
                f"Restore it with ltv-platform {backup.version}, which made it, or a newer one.",
            )
        if not overwrite and _holds_data(settings):
            raise UserError(
                f"{settings.home} holds data.",
                "Name another LTV_HOME, or add --overwrite: what it holds is then moved to "
                f"{replaced_path(settings)}, not deleted.",
            )
        backup.check_presence()
        _fetch(engine, backup, progress)
        return _put_in_place(engine, progress)


def _chosen(folder: Path) -> Backup:
    """The backup that a path names; damaged ones are not passed over in silence."""
    if is_backup_name(folder.name) or (folder / MANIFEST).exists():
        return read_backup(folder)
    if not (found := backups_in(folder)):
        raise UserError(
            f"{folder} holds no backup.",
            "Name the folder that was given to `ltv backup`, or one of the backups in it.",
        )
    return read_backup(found[-1])


def _stays(settings: Settings, path: Path) -> bool:
    """Whether an entry of LTV_HOME outlives a restore: locks, and what was put aside before."""
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
    """Copy all files of a backup into ``restoring/``, and compare each with its hash.

    Raises:
        UserError: one is damaged, or the disk takes no more; LTV_HOME is as it was.
    """
    settings = engine.settings
    progress("copying the backup and comparing every byte")
    free = shutil.disk_usage(settings.home).free
    if backup.bytes > free:
        raise UserError(
            f"The backup {backup.path} has {backup.bytes:,} bytes, and the disk of "
            f"{settings.home} has room for {free:,}.",
            "Make room, then restore it again.",
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
                        wrong.append(f"{name} has other bytes than were written")
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
            f"{settings.home} is as it was. Make room or fix permissions, then restore it again.",
        ) from error


def _put_in_place(engine: Engine, progress: Progress, *, continued: bool = False) -> Restored:
    """Exchange the state of LTV_HOME for that in ``restoring/``, from wherever it stopped."""
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
            shutil.rmtree(done, ignore_errors=True)  # left by a kill
            os.replace(restoring, done)
            shutil.rmtree(done)
    except OSError as error:
        raise UserError(
            f"{settings.home} is half restored: {error}.",
            "Fix what is in the way, then run the same `ltv restore` again; it goes on from here.",
        ) from error
    return Restored(Path(plan["backup"]), aside if aside.exists() else None, continued)


def move(source: Path, target: Path) -> None:
    """Move a file or folder to where there may be a folder of that name.

    A rename, unless a disk is mounted there or a folder stands in the way: then what is in it is
    moved. A file that is in the way gets another name.
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
