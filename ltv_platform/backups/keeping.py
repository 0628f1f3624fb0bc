"""Backups of the daily schedule: make one if a folder is set, and remove old ones."""

import os
from datetime import datetime
from pathlib import Path

from ltv_platform.backups.making import Progress, back_up
from ltv_platform.backups.manifest import DRAFTS, MANIFEST, Backup, backups_in, time_of
from ltv_platform.errors import UserError
from ltv_platform.locks import temporary_folder
from ltv_platform.warehouse.engine import Engine


def back_up_if_set(engine: Engine, progress: Progress) -> Backup | None:
    """Make a backup in ``LTV_BACKUP_DIR`` and remove all but the newest ``LTV_BACKUPS``.

    Args:
        engine: The warehouse; it must not be held by this process.
        progress: Called with a description of each step.

    Returns:
        The backup; None if no folder is set.

    Raises:
        UserError: it cannot be made; then no old one is removed.
    """
    settings = engine.settings
    if settings.backup_dir is None:
        return None
    backup = back_up(engine, settings.backup_dir, progress)
    prune_backups(backup.path.parent, settings.backups)
    return backup


def prune_backups(folder: Path, keep: int) -> list[Path]:
    """Remove the oldest backups of a folder.

    A folder without a manifest is not a complete backup: it is neither counted nor removed.

    Args:
        folder: The folder of the backups.
        keep: How many complete ones to keep, at least one.

    Returns:
        The removed ones, the oldest first.

    Raises:
        UserError: one cannot be removed.
    """
    if keep < 1:
        raise ValueError("at least one backup is kept")
    old = _whole(folder)[:-keep]
    try:
        if old:
            # A killed process leaves a draft, which the next backup removes, and not half a backup.
            with temporary_folder(folder, DRAFTS) as drafts:
                for path in old:
                    os.replace(path, drafts / path.name)
    except OSError as error:
        raise UserError(
            f"Old backups in {folder} cannot be removed: {error}.", "Fix its permissions."
        ) from error
    return old


def last_backup(folder: Path) -> datetime | None:
    """When the newest complete backup of a folder was made (with zone); None: there is none."""
    whole = _whole(folder)
    return time_of(whole[-1]) if whole else None


def _whole(folder: Path) -> list[Path]:
    return [path for path in backups_in(folder) if (path / MANIFEST).exists()]
