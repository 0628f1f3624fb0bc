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
    FORECASTS = "forecasts"
    DATA = "data"
    LEADTECH = "leadtech"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(query)
    app.command()(tables)
    app.command()(report)
    app.command()(export)


def query(
    sql: Annotated[
        str, typer.Argument(help="A SELECT on the published tables; names need no schema.")
    ],
    output: AsFormat = Format.TABLE,
) -> None:
    """Query the published snapshot."""
    from ltv_platform.published.query import query as ask

    show(*ask(Workspace.open().settings, sql), output)


def tables(output: AsFormat = Format.TABLE) -> None:
    """List the published tables and those of your own assets."""
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
            table = ".".join(map(quoted, name.split(".")))
            _, [(count,)] = ask(workspace.settings, f"SELECT COUNT(*) FROM {table}")
            rows.append((name, "own", count, "Table of your own asset."))
    show(["table", "layer", "rows", "description"], rows, output)


def report(
    name: Annotated[Report, typer.Argument(help="The report to show.")] = Report.CAMPAIGNS,
    output: AsFormat = Format.TABLE,
) -> None:
    """Show a report, also as HTML; leadtech: legacy D7."""
    settings = Workspace.open().settings
    if name is Report.LEADTECH:
        from ltv_platform.reports.leadtech import legacy_figures

        if output is Format.TABLE:
            say("Legacy figures: cost counted once per install, eight-day windows.")
        show(["metric", "id", "value"], legacy_figures(settings), output)
        return
    if name is Report.CHANNELS:
        _report_channels(settings, output)
        return
    if name is Report.CUSTOMERS:
        _report_customers(settings, output)
        return
    if name is Report.FORECASTS:
        from ltv_platform.reports.forecast_page import forecast_overview, write_forecast_report

        show(*forecast_overview(settings), output)
        say(f"HTML report: {write_forecast_report(settings)}")
        return
    if name is Report.DATA:
        from ltv_platform.reports.data_page import feed_overview, write_data_report

        show(*feed_overview(settings), output)
        say(f"HTML report: {write_data_report(settings)}")
        return
    from ltv_platform.reports.campaigns import campaign_overview, write_campaign_report

    show(*campaign_overview(settings), output)
    say(f"HTML report: {write_campaign_report(settings)}")


def export(
    *,
    parquet: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for one Parquet file per table.")
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for one CSV file per table. Text that a spreadsheet would run as a "
            "formula gets a leading apostrophe.",
        ),
    ] = None,
    sqlite: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="SQLite database of sessions, conversions, costs and channel figures.",
        ),
    ] = None,
    tables: Annotated[
        str,
        typer.Option(
            help="Only these tables, such as campaign_roas,country_roas; not with --sqlite."
        ),
    ] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Overwrite files not written by this platform.")
    ] = False,
    output: AsFormat = Format.TABLE,
) -> None:
    """Write published tables as Parquet or CSV files, or channel figures as a SQLite database."""
    from ltv_platform.settings import load_settings

    settings = load_settings()  # no workspace: the user's umask decides who may read the files
    targets = {"parquet": parquet, "csv": csv, "sqlite": sqlite}
    if len(named := [name for name, path in targets.items() if path is not None]) != 1:
        raise UserError(
            "Give one of --parquet, --csv and --sqlite.", "For example: ltv export --parquet tables"
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
            raise UserError("--sqlite always writes the same tables.", "Remove --tables.")
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
            say(f"The first {most} of {len(rows):,} channels; --format csv shows all")
    if pending := pending_conversions(settings):
        say(
            f"Conversions without an IHC score: {pending:,}. IHC figures exclude them and are too "
            "low; `ltv attribution status` says why."
        )
    say(f"HTML report: {write_channel_report(settings)}")


def _report_customers(settings: "Settings", output: Format) -> None:
    from ltv_platform.reports.customers import customer_overview, write_customer_report

    cohorts, segments = customer_overview(settings)
    show(*cohorts, output)
    if output is Format.TABLE:
        show(*segments, title="Segments by recency and frequency")
    say(f"HTML report: {write_customer_report(settings)}")
