"""Commands for sample data and for quarantined rows."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ltv_platform.cli.console import AsFormat, Format, progress, rows_are, say, show
from ltv_platform.errors import UserError
from ltv_platform.workspace import Workspace

if TYPE_CHECKING:
    pass

quarantine = typer.Typer(help="Show, retry and dismiss rejected rows.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(sample)
    app.add_typer(quarantine, name="quarantine")


def sample(
    out: Annotated[Path, typer.Option(help="Folder to write the files to.")],
    customers: Annotated[int, typer.Option(help="1,000 to 10,000,000.")] = 10_000,
    days: Annotated[int, typer.Option(help="Days of installs, ending on 2026-11-29.")] = 365,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
) -> None:
    """Write synthetic files for all nine tables, with the expected results in truths.json."""
    from ltv_platform.sample import generate

    with progress("writing the sample") as tell:
        try:
            generate(
                customers=customers,
                days=days,
                seed=seed,
                out=out,
                progress=lambda done: tell(f"{done:,} of {customers:,} customers"),
            )
        except ValueError as error:
            raise UserError(f"Cannot write the sample: {error}") from error
    say(
        f"Wrote nine tables and truths.json to {out}. Load one with: "
        f"ltv ingest customers {out}/customers.csv"
    )


@quarantine.command("list")
def list_rows(
    table: Annotated[str | None, typer.Argument(help="Only rows for this table.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum rows to show.")] = 20,
    output: AsFormat = Format.TABLE,
) -> None:
    """Show rejected rows with their reasons, newest load first.

    The formats json and csv also show the rows themselves.
    """
    from ltv_platform.ingestion.quarantine.listing import count_quarantine, list_quarantine

    engine = Workspace.open().engine
    columns, rows = list_quarantine(engine, table, limit)
    if output is Format.TABLE:  # a terminal has no room for the rows
        shown = [(table, file, line, "; ".join(reasons)) for table, file, line, reasons, *_ in rows]
        show(["table", "file", "line", "reasons"], shown)
    else:
        show(columns, rows, output)
    if len(rows) == limit and (count := count_quarantine(engine, table)) > limit:
        say(f"{limit:,} of {count:,} rows; --limit shows more.")


@quarantine.command("replay")
def replay_rows(
    table: Annotated[str | None, typer.Argument(help="Only rows for this table.")] = None,
) -> None:
    """Load rejected rows again with the current settings and adapters."""
    from ltv_platform.ingestion.quarantine.replaying import replay

    notes: list[str] = []
    with progress("replaying"):
        counts = replay(Workspace.open().engine, table, notes.append)
    for note in notes:
        say(f"Note: {note}")
    accepted = sum(count.rows_accepted for count in counts)
    known = sum(count.rows_repeated for count in counts)
    if known:
        say(f"{rows_are(known)} in the log already and need no action.")
    if accepted:
        say(
            f"{'1 row was' if accepted == 1 else f'{accepted:,} rows were'} accepted; `ltv run` "
            "brings the figures up to date."
        )
    elif not known:
        say("No row was accepted; `ltv quarantine list` shows why.")


@quarantine.command("dismiss")
def dismiss_rows(
    reason: Annotated[str, typer.Option(help="Why they will not be fixed.")],
    table: Annotated[str | None, typer.Argument(help="Only rows for this table.")] = None,
    file: Annotated[str | None, typer.Option(help="Only rows from files with this name.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Dismiss every row in quarantine.")
    ] = False,
) -> None:
    """Dismiss rejected rows that will not be fixed: they are no longer listed or warned of."""
    from ltv_platform.ingestion.quarantine.listing import dismiss

    if table is None and file is None and not everything:
        raise UserError("Which rows should be dismissed?", "Give a table, --file or --all.")
    rows = dismiss(Workspace.open().engine, reason, table, file)
    say(f"{rows_are(rows)} dismissed; they stay in the table quarantine.")
