"""Commands that keep an LTV_HOME safe: backup, restore."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ltv_platform.cli.console import answer, progress, say
from ltv_platform.errors import UserError
from ltv_platform.workspace import Workspace

if TYPE_CHECKING:
    from ltv_platform.settings import Settings

#: The schedule makes one backup a day; after this time one was missed.
_OLD = timedelta(days=2)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(backup)
    app.command()(restore)


def backup(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Folder for backups; default: LTV_BACKUP_DIR."),
    ] = None,
) -> None:
    """Copy the state of LTV_HOME into a dated folder in DIR."""
    from ltv_platform.backups.making import back_up
    from ltv_platform.locks import one_run

    workspace = Workspace.open()
    target = folder or workspace.settings.backup_dir
    if target is None:
        raise UserError(
            "No backup folder given.",
            "For example: ltv backup /mnt/backups; or set LTV_BACKUP_DIR once.",
        )
    with progress("starting") as tell, one_run(workspace.settings, tell):
        made = back_up(workspace.engine, target, tell)
    answer(str(made.path))
    say(
        f"Backed up {len(made.files):,} files of {workspace.settings.home}, "
        f"{made.bytes / 1e6:,.1f} MB. `ltv restore {made.path}` restores them."
    )


def restore(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A backup, or a folder of backups, of which the newest is used."
        ),
    ],
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Restore even if LTV_HOME contains data, which is moved aside."
        ),
    ] = False,
) -> None:
    """Restore LTV_HOME to the state of a backup."""
    from ltv_platform.backups.restoring import restore as bring_back
    from ltv_platform.permissions import keep_private
    from ltv_platform.published.latest import keep_latest
    from ltv_platform.settings import load_settings

    settings = load_settings()
    keep_private(settings.home)
    with progress("starting") as tell:
        restored = bring_back(settings, folder, tell, overwrite=overwrite)
        keep_latest(settings)
    how = "Finished restoring" if restored.continued else "Restored"
    say(f"{how} {restored.backup} into {settings.home}.")
    if restored.aside is not None:
        say(
            f"Its previous contents are in {restored.aside}; delete that folder when you no "
            "longer need it."
        )
    say("`ltv run` brings it up to date.")


def diagnose(settings: "Settings") -> tuple[list[tuple[str, str]], list[str]]:
    """What `ltv doctor` shows of the schema version and of backups, and what is wrong with them."""
    from ltv_platform.backups.keeping import last_backup
    from ltv_platform.locks import refuse_half_restored
    from ltv_platform.workspace import Workspace

    rows, problems = [], []
    engine = Workspace(settings).engine
    newest = engine.schema_version
    try:
        refuse_half_restored(settings)
        version = engine.stored_version()
        rows.append(("schema version", str(version or newest)))
        if version is not None and version > newest:
            problems.append(
                "The warehouse was made by a newer ltv-platform; this one supports schema "
                "versions up to "
                f"{newest}."
            )
        elif version is not None and version < newest:
            problems.append(
                f"The next command upgrades the warehouse to schema version {newest}, after "
                "making a copy."
            )
    except UserError as error:
        problems.append(str(error))
    if settings.backup_dir is not None:
        last = last_backup(settings.backup_dir.expanduser())
        age = None if last is None else settings.current_time() - last
        rows.append(("last backup", "none" if age is None else f"{_in_words(age)} ago"))
        if age is None or age > _OLD:
            problems.append(
                f"{settings.backup_dir} has no backup from the last two days. Run `ltv backup`, "
                "or keep Dagster's daemon running for the daily schedule."
            )
    return rows, problems


def _in_words(age: timedelta) -> str:
    return f"{age.days} days" if age >= _OLD else f"{age // timedelta(hours=1)} hours"
