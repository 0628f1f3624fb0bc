"""The command that brings data in."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ltv_platform.cli.console import AsFormat, Format, progress, rows_are, say, show
from ltv_platform.errors import UserError
from ltv_platform.workspace import Workspace

if TYPE_CHECKING:
    from ltv_platform.ingestion.load import Outcome
    from ltv_platform.ingestion.requests import Request


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(ingest)


def ingest(  # noqa: PLR0917 - Typer passes them by name
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TABLE] FILE…",
            help="Files to load, after the table whose columns they have. Without a table, files "
            "are recognized by their columns.",
        ),
    ] = None,
    adapter: Annotated[
        str | None, typer.Option(help="Name of a bundled adapter, or path of your own .sql file.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            help="Option of the adapter, such as 'dates=day first'; --explain lists them."
        ),
    ] = None,
    sqlite: Annotated[
        Path | None,
        typer.Option(help="Load every source table of this SQLite database.", readable=False),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Sheet of an Excel workbook; default: the first.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show how files would be read, without loading them.")
    ] = False,
    output: AsFormat = Format.TABLE,
) -> None:
    """Load files, a SQLite database, or (without arguments) all files in landing."""
    from ltv_platform.events.leftovers import recover
    from ltv_platform.ingestion.landing import ingest_landing, make_landing
    from ltv_platform.ingestion.load import ingest as load
    from ltv_platform.ingestion.load import sqlite_requests
    from ltv_platform.ingestion.requests import Request

    workspace = Workspace.open()
    engine = workspace.engine
    make_landing(workspace.settings, list(workspace.catalog.sources))
    if wrong := [each for each in option or () if "=" not in each]:
        raise UserError(f"--option {wrong[0]!r} has no value.", "Write: --option 'name=value'.")
    if sqlite is not None and (what or adapter or option or sheet or explain):
        raise UserError(
            "--sqlite always loads a whole database.", "Remove the table, files and other options."
        )
    if not what and (adapter or option or sheet or explain):
        raise UserError("No file given.", "For example: ltv ingest orders_export.csv --explain")
    requests = [
        Request(table, path, adapter, tuple(option or ()), sheet=sheet)
        for table, path in _named(workspace, what or [])
    ]
    if explain:
        _explain(workspace, requests, output)
        return
    with progress("looking at the files") as tell:
        if sqlite is not None:
            outcomes = load(engine, sqlite_requests(engine, sqlite), tell)
        elif what:
            outcomes = load(engine, requests, tell)
        else:
            recover(workspace.settings)
            outcomes = ingest_landing(engine, progress=tell)
    if not outcomes:
        say(f"No files to load in {workspace.settings.landing_path}.")
    report_outcomes(outcomes, output)
    if any(map(is_rejected, outcomes)):
        raise typer.Exit(2)


def _named(workspace: Workspace, what: Sequence[str]) -> list[tuple[str | None, Path]]:
    """The files that the arguments name, each with the table named before it.

    Raises:
        UserError: a table without files, or a word that is neither a table nor a file.
    """
    from ltv_platform.ingestion.messages import source_called

    if not what:
        return []
    sources = workspace.catalog.sources
    first, *others = what
    table = first if first in sources else None
    if table is None and first.isidentifier() and not Path(first).exists():
        source_called(sources, first)  # lists the existing tables
    files = others if table is not None else what
    if not files:
        raise UserError(
            f"No file given for {table}.", f"For example: ltv ingest {table} {table}.csv"
        )
    return [(table, Path(file)) for file in files]


def _explain(workspace: Workspace, requests: "Sequence[Request]", output: Format) -> None:
    """Print how files would be loaded.

    Raises:
        Exit: one of them would be rejected.
    """
    from ltv_platform.ingestion.explaining import ROWS, explain
    from ltv_platform.ingestion.files.private_copy import printable

    with progress("looking at the files") as tell:
        explained = explain(workspace.engine, requests, tell)
    rows = [
        (each.request.table, column, made_of, *values, *[None] * (ROWS - len(values)))
        for each in explained
        for column, made_of, values in each.values
    ]
    columns = ["table", "column", "made of", *(f"row {number}" for number in range(1, ROWS + 1))]
    if rows or output is not Format.TABLE:
        show(columns, rows, output)
    for each in explained:
        for note in each.notes:
            say(f"Note: {note}")
        if each.error is not None:
            say(f"Error: {each.error}")
        elif each is explained[-1] or explained[explained.index(each) + 1].request.path != (
            each.request.path
        ):
            adapter = f"adapter {each.request.adapter}" if each.request.adapter else "no adapter"
            say(f"{printable(each.request.path.name)} would be loaded with {adapter}.")
    if any(each.error is not None for each in explained):
        raise typer.Exit(2)


def is_rejected(outcome: "Outcome") -> bool:
    """Whether a file was refused, or none of its rows accepted; a known file is not a failure.

    Nor are events: who sent them was told, and a file of them may have a single row.
    """
    from ltv_platform.ingestion.files.private_copy import is_events

    if outcome.error is not None:
        return True
    counts = outcome.counts
    return (
        counts is not None
        and not outcome.repeated
        and not is_events(outcome.request.path.name)
        and counts.rows_quarantined > 0
        and counts.rows_accepted == counts.rows_repeated == 0
    )


def report_outcomes(outcomes: "Sequence[Outcome]", output: Format | None = None) -> None:
    """Print the outcome of each file: counts as the answer, everything else as messages.

    Args:
        outcomes: The outcomes.
        output: None: counts are messages too, because the command has another answer.
    """
    from ltv_platform.ingestion.files.private_copy import printable

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
            say(f"Error: No row of {printable(outcome.request.path.name)} was accepted.")
    quarantined = sum(row[5] for row in rows)
    if quarantined:
        say(f"{rows_are(quarantined)} in quarantine; `ltv quarantine list` shows why.")
    if output is not None and any(row[4] for row in rows):
        say("`ltv run` brings the figures up to date.")
