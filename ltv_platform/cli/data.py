"""Commands that bring data in: sample, ingest, quarantine."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ltv_platform.cli.console import AsFormat, Format, progress, rows_are, say, show
from ltv_platform.errors import UserError
from ltv_platform.workspace import Workspace

if TYPE_CHECKING:
    from ltv_platform.ingestion.load import Outcome

quarantine = typer.Typer(help="Rejected rows: see them, and send them again.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(sample)
    app.command()(ingest)
    app.add_typer(quarantine, name="quarantine")


def sample(
    out: Annotated[Path, typer.Option(help="Folder to write the files to.")],
    customers: Annotated[int, typer.Option(help="1,000 to 10,000,000.")] = 10_000,
    days: Annotated[int, typer.Option(help="Days of installs, the last being 2026-11-29.")] = 365,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
) -> None:
    """Write synthetic files of all nine tables, with what must come out in truths.json."""
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
            raise UserError(f"The sample cannot be made: {error}") from error
    say(
        f"Wrote nine tables and truths.json to {out}. Load one with: "
        f"ltv ingest customers {out}/customers.csv"
    )


def ingest(
    table: Annotated[str | None, typer.Argument(help="Source table, as in transactions.")] = None,
    # Whether they can be read is found out, and told better, where they are read.
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files to load into it.", readable=False)
    ] = None,
    adapter: Annotated[
        str | None, typer.Option(help="Bundled adapter by name, or your own .sql file.")
    ] = None,
    sqlite: Annotated[
        Path | None,
        typer.Option(help="SQLite database: load every source table in it.", readable=False),
    ] = None,
    output: AsFormat = Format.TABLE,
) -> None:
    """Load files into a table, a SQLite database, or (without arguments) what waits in landing."""
    from ltv_platform.ingestion.landing import ingest_landing, make_landing
    from ltv_platform.ingestion.load import Request, sqlite_requests
    from ltv_platform.ingestion.load import ingest as load

    workspace = Workspace.open()
    engine = workspace.engine
    make_landing(workspace.settings, list(workspace.catalog.sources))
    with progress("looking at the files") as tell:
        if sqlite is not None:
            if table or files or adapter:
                raise UserError(
                    "--sqlite loads a whole database.", "Leave out the table, files and adapter."
                )
            outcomes = load(engine, sqlite_requests(engine, sqlite), tell)
        elif table is None:
            outcomes = ingest_landing(engine, progress=tell)
        elif not files:
            raise UserError(
                f"No file is named for {table}.", f"For example: ltv ingest {table} {table}.csv"
            )
        else:
            outcomes = load(engine, [Request(table, path, adapter) for path in files], tell)
    if table is None and sqlite is None:
        say_what_is_stray(workspace)
    if not outcomes:
        say(f"Nothing waits in the folders of {workspace.settings.landing_path}.")
    report_outcomes(outcomes, output)
    if any(map(is_rejected, outcomes)):
        raise typer.Exit(2)


def is_rejected(outcome: "Outcome") -> bool:
    """Whether a file was refused, or none of its rows accepted; what is known is no fault."""
    if outcome.error is not None:
        return True
    counts = outcome.counts
    return (
        counts is not None
        and not outcome.repeated
        and counts.rows_quarantined > 0
        and counts.rows_accepted == counts.rows_repeated == 0
    )


def say_what_is_stray(workspace: Workspace) -> None:
    """Files in landing that no folder says the table of are left alone, but not in silence."""
    from ltv_platform.ingestion.files import printable
    from ltv_platform.ingestion.landing import stray_files

    if stray := stray_files(workspace.settings):
        lie, so, each = (
            ("and others are", "they are", "each file") if stray[1:] else ("is", "it is", "it")
        )
        say(
            f"Note: {printable(stray[0].name)} {lie} directly in "
            f"{workspace.settings.landing_path}, so {so} not loaded: put {each} into the folder of "
            "its table"
        )


def report_outcomes(outcomes: "Sequence[Outcome]", output: Format | None = None) -> None:
    """What became of each file: counts as an answer, everything else as messages.

    Args:
        outcomes: What became of them.
        output: None: counts are messages too, because the answer is another one.
    """
    from ltv_platform.ingestion.files import printable

    columns = ["file", "table", "in file", "skipped", "accepted", "quarantined", "repeated"]
    rows = [
        (
            counts.source_file,
            counts.table_name,
            counts.rows_in_file,
            counts.rows_skipped,
            counts.rows_accepted,
            counts.rows_quarantined,
            counts.rows_repeated,
        )
        for outcome in outcomes
        if (counts := outcome.counts) is not None and not outcome.repeated
    ]
    if output is not None and (rows or output is not Format.TABLE):
        show(columns, rows, output)
    elif output is None:
        for name, table, in_file, *_, quarantined, _repeated in rows:
            say(f"Loaded {name} into {table}: {in_file} rows, {quarantined} quarantined.")
    for outcome in outcomes:
        for note in outcome.notes:
            say(f"Note: {note}")
        if outcome.repeated and outcome.counts is not None:
            name, known = printable(outcome.request.path.name), outcome.counts
            say(
                f"{name} was loaded into {known.table_name} before "
                f"({known.loaded_at:%Y-%m-%d %H:%M} UTC): nothing changed."
            )
        if outcome.error is not None:
            say(f"Error: {outcome.error}")
        elif is_rejected(outcome):
            say(f"Error: Nothing of {printable(outcome.request.path.name)} was accepted.")
    quarantined = sum(row[5] for row in rows)
    if quarantined:
        say(f"{rows_are(quarantined)} in quarantine; `ltv quarantine list` shows why.")
    if output is not None and any(row[4] for row in rows):
        say("`ltv run` brings the figures up to date.")


@quarantine.command("list")
def list_rows(
    table: Annotated[str | None, typer.Argument(help="Only rows meant for this table.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most rows to show.")] = 20,
    output: AsFormat = Format.TABLE,
) -> None:
    """Show rejected rows with their reasons, those of the newest load first.

    The formats json and csv show the rows themselves, too.
    """
    from ltv_platform.ingestion.quarantine import count_quarantine, list_quarantine

    engine = Workspace.open().engine
    columns, rows = list_quarantine(engine, table, limit)
    if output is Format.TABLE:  # a terminal has no room for the rows themselves
        shown = [(table, file, line, "; ".join(reasons)) for table, file, line, reasons, *_ in rows]
        show(["table", "file", "line", "reasons"], shown)
    else:
        show(columns, rows, output)
    if len(rows) == limit and (count := count_quarantine(engine, table)) > limit:
        say(f"{limit:,} of {count:,} rows; --limit shows more.")


@quarantine.command("replay")
def replay_rows(
    table: Annotated[str | None, typer.Argument(help="Only rows meant for this table.")] = None,
) -> None:
    """Retry rejected rows with the current settings and adapters."""
    from ltv_platform.ingestion.replaying import replay

    notes: list[str] = []
    with progress("replaying"):
        counts = replay(Workspace.open().engine, table, notes.append)
    for note in notes:
        say(f"Note: {note}")
    accepted = sum(count.rows_accepted for count in counts)
    known = sum(count.rows_repeated for count in counts)
    if known:
        say(f"{rows_are(known)} in the log already, so nothing is to be done about them.")
    if accepted:
        say(
            f"{'1 row was' if accepted == 1 else f'{accepted:,} rows were'} accepted; `ltv run` "
            "brings the figures up to date."
        )
    elif not known:
        say("No row passes yet; `ltv quarantine list` shows why.")


@quarantine.command("dismiss")
def dismiss_rows(
    reason: Annotated[str, typer.Option(help="Why nobody will fix them.")],
    table: Annotated[str | None, typer.Argument(help="Only rows meant for this table.")] = None,
    file: Annotated[str | None, typer.Option(help="Only rows of files of this name.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All rows in quarantine.")] = False,
) -> None:
    """Settle rejected rows that nobody will fix: they are no longer listed and warned of."""
    from ltv_platform.ingestion.quarantine import dismiss

    if table is None and file is None and not everything:
        raise UserError(
            "It is not said which rows to dismiss.", "Name a table or a --file, or say --all."
        )
    rows = dismiss(Workspace.open().engine, reason, table, file)
    say(f"{rows_are(rows)} dismissed; the table quarantine keeps them.")
