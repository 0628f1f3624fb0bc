"""Commands that show figures: query, tables, report, export."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ltv_platform.cli.console import AsFormat, Format, say, show
from ltv_platform.errors import UserError
from ltv_platform.workspace import Workspace

if TYPE_CHECKING:
    from ltv_platform.settings import Settings


class Report(StrEnum):
    """Reports by name."""

    CAMPAIGNS = "campaigns"
    CHANNELS = "channels"
    CUSTOMERS = "customers"
    LEADTECH = "leadtech"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(query)
    app.command()(tables)
    app.command()(report)
    app.command()(export)


def query(
    sql: Annotated[str, typer.Argument(help="A SELECT on the published tables by plain name.")],
    output: AsFormat = Format.TABLE,
) -> None:
    """Ask the published snapshot."""
    from ltv_platform.published.query import query as ask

    show(*ask(Workspace.open().settings, sql), output)


def tables(output: AsFormat = Format.TABLE) -> None:
    """List the published tables, and those of your own assets."""
    from ltv_platform.published.current import own_files, require_snapshot

    workspace = Workspace.open()
    published = require_snapshot(workspace.settings).manifest["tables"]
    descriptions = {table.name: table.description for table in workspace.catalog}
    rows = [
        (name, entry["layer"], entry["rows"], descriptions.get(name, ""))
        for name, entry in published.items()
    ]
    if own := own_files(workspace.settings):
        from ltv_platform.contracts.ddl import quoted
        from ltv_platform.published.query import query as ask

        for name in own:
            place = ".".join(map(quoted, name.split(".")))
            _, [(count,)] = ask(workspace.settings, f"SELECT COUNT(*) FROM {place}")
            rows.append((name, "own", count, "Made by an asset of your own."))
    show(["table", "layer", "rows", "what it holds"], rows, output)


def report(
    name: Annotated[Report, typer.Argument(help="Which report.")] = Report.CAMPAIGNS,
    output: AsFormat = Format.TABLE,
) -> None:
    """campaigns, channels, customers: what they bring in, also as HTML; leadtech: legacy D7."""
    settings = Workspace.open().settings
    if name is Report.LEADTECH:
        from ltv_platform.reports.leadtech import legacy_figures

        if output is Format.TABLE:
            say("Legacy figures: cost counted once per install, windows of eight days.")
        show(["metric", "id", "value"], legacy_figures(settings), output)
        return
    if name is Report.CHANNELS:
        _report_channels(settings, output)
        return
    if name is Report.CUSTOMERS:
        _report_customers(settings, output)
        return
    from ltv_platform.reports.campaigns import campaign_overview, write_campaign_report

    show(*campaign_overview(settings), output)
    say(f"As a page: {write_campaign_report(settings)}")


def export(
    *,
    parquet: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for a Parquet file per table.")
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for a CSV file per table; texts that a "
            "spreadsheet would run as formulas begin with an apostrophe.",
        ),
    ] = None,
    sqlite: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="SQLite database for sessions, conversions, costs and channel figures.",
        ),
    ] = None,
    tables: Annotated[
        str, typer.Option(help="Only these, as in campaign_roas,country_roas; not for --sqlite.")
    ] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Also where something else is lost by it.")
    ] = False,
    output: AsFormat = Format.TABLE,
) -> None:
    """Write published tables as Parquet or CSV files, or channel figures as a SQLite database."""
    from ltv_platform.settings import load_settings

    settings = load_settings()  # no workspace: the user's umask decides who may read the files
    targets = {"parquet": parquet, "csv": csv, "sqlite": sqlite}
    if len(named := [name for name, path in targets.items() if path is not None]) != 1:
        raise UserError(
            "Name one of --parquet, --csv and --sqlite.", "For example: ltv export --parquet tables"
        )
    target = targets[named[0]]
    assert target is not None
    if sqlite is None:
        from ltv_platform.export.table_files import FileFormat, export_tables

        chosen = [name.strip() for name in tables.split(",") if name.strip()]
        rows = export_tables(settings, target, FileFormat(named[0]), chosen, overwrite=overwrite)
    else:
        from ltv_platform.export.sqlite_database import export_sqlite

        if tables:
            raise UserError("--sqlite has tables of its own.", "Leave out --tables.")
        rows = export_sqlite(settings, sqlite, overwrite=overwrite)
    show(["table", "rows"], list(rows.items()), output, title=str(target))


def _report_channels(settings: "Settings", output: Format) -> None:
    from ltv_platform.reports.channels import (
        channel_overview,
        model_overview,
        pending_conversions,
        write_channel_report,
    )
    from ltv_platform.reports.pages import CONSTANTS

    columns, rows = channel_overview(settings)
    if output is not Format.TABLE:
        show(columns, rows, output)
    else:
        most = int(CONSTANTS["most_channels"])
        show(columns, rows[:most])
        models, of_models = model_overview(settings)
        show(models, of_models[:most], title="Conversions by model")
        if len(rows) > most:
            say(f"The first {most} of {len(rows):,} channels; all of them: --format csv")
    if pending := pending_conversions(settings):
        say(
            f"Conversions without an IHC score: {pending:,}. Figures by IHC are too low by them; "
            "`ltv attribution status` says why."
        )
    say(f"As a page: {write_channel_report(settings)}")


def _report_customers(settings: "Settings", output: Format) -> None:
    from ltv_platform.reports.customers import customer_overview, write_customer_report

    cohorts, segments = customer_overview(settings)
    show(*cohorts, output)
    if output is Format.TABLE:
        show(*segments, title="Segments by recency and frequency")
    say(f"As a page: {write_customer_report(settings)}")
