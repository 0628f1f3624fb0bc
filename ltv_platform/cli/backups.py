"""Commands that keep an LTV_HOME safe: backup, restore."""

from pathlib import Path
from typing import Annotated

import typer

from ltv_platform.cli.console import progress, say
from ltv_platform.errors import UserError
from ltv_platform.locks import one_run
from ltv_platform.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(backup)
    app.command()(restore)


def backup(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Where backups lie; default: LTV_BACKUP_DIR."),
    ] = None,
) -> None:
    """Copy everything that LTV_HOME holds into a dated folder in DIR."""
    from ltv_platform.backups.making import back_up

    workspace = Workspace.open()
    target = folder or workspace.settings.backup_dir
    if target is None:
        raise UserError(
            "No folder is named for the backup.",
            "As in: ltv backup /mnt/backups; LTV_BACKUP_DIR names one for good.",
        )
    with progress("starting") as tell, one_run(workspace.settings, tell):
        made = back_up(workspace.engine, target, tell)
    typer.echo(made.path)
    say(
        f"Backed up {len(made.files):,} files of {workspace.settings.home}, "
        f"{made.bytes / 1e6:,.1f} MB. `ltv restore {made.path}` brings them back."
    )


def restore(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A backup, or a folder of backups: then the newest of them."
        ),
    ],
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Also if LTV_HOME holds data, which is moved aside."),
    ] = False,
) -> None:
    """Bring LTV_HOME back to what it was when a backup was made."""
    from ltv_platform.backups.restoring import restore as bring_back
    from ltv_platform.settings import load_settings

    settings = load_settings()
    with progress("starting") as tell:
        restored = bring_back(settings, folder, tell, overwrite=overwrite)
    how = "Finished restoring" if restored.continued else "Restored"
    say(f"{how} {restored.backup} into {settings.home}.")
    if restored.aside is not None:
        say(f"What it held before lies in {restored.aside}; delete it when you need it no more.")
    say("`ltv run` brings it up to date.")
