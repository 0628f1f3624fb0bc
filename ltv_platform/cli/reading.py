"""Commands that give figures out: query, tables, report, export, doctor."""

import json
import shutil
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ltv_platform.cli.backups import diagnose
from ltv_platform.cli.console import Format, say, show
from ltv_platform.errors import UserError
from ltv_platform.workspace import Workspace

if TYPE_CHECKING:
    from ltv_platform.settings import Settings

_PACKAGES = ("ltv-platform", "dagster", "dagster-webserver", "duckdb", "sqlglot", "pandas")
#: Free disk below which a load of a few million rows may not fit.
_LITTLE_DISK = 2 * 1024**3


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
    app.command()(doctor)


def query(
    sql: Annotated[str, typer.Argument(help="A SELECT on the published tables by plain name.")],
    output: Annotated[Format, typer.Option("--format")] = Format.TABLE,
) -> None:
    """Ask the published snapshot."""
    from ltv_platform.warehouse.query import query as ask

    show(*ask(Workspace.open().settings, sql), output)


def tables(output: Annotated[Format, typer.Option("--format")] = Format.TABLE) -> None:
    """List the published tables, and those of your own assets."""
    from ltv_platform.warehouse.published import own_files, require_snapshot

    workspace = Workspace.open()
    published = require_snapshot(workspace.settings).manifest["tables"]
    descriptions = {table.name: table.description for table in workspace.catalog}
    rows = [
        (name, entry["layer"], entry["rows"], descriptions.get(name, ""))
        for name, entry in published.items()
    ]
    if own := own_files(workspace.settings):
        from ltv_platform.contracts.ddl import quoted
        from ltv_platform.warehouse.query import query as ask

        for name in own:
            place = ".".join(map(quoted, name.split(".")))
            _, [(count,)] = ask(workspace.settings, f"SELECT COUNT(*) FROM {place}")
            rows.append((name, "own", count, "Made by an asset of your own."))
    show(["table", "layer", "rows", "what it holds"], rows, output)


def report(
    name: Annotated[Report, typer.Argument(help="Which report.")] = Report.CAMPAIGNS,
    output: Annotated[Format, typer.Option("--format")] = Format.TABLE,
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
    sqlite: Annotated[Path, typer.Option(help="The SQLite database to write.", writable=False)],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is not an export of ours.")
    ] = False,
) -> None:
    """Write sessions, conversions, costs and channel figures into a SQLite database."""
    from ltv_platform.export.sqlite_database import export_sqlite

    rows = export_sqlite(Workspace.open().settings, sqlite, overwrite=overwrite)
    show(["table", "rows"], list(rows.items()), title=str(sqlite))


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


def doctor() -> None:
    """Show effective settings, versions, free disk and what is missing."""
    from importlib.metadata import PackageNotFoundError, version
    from platform import python_version

    from ltv_platform.ingestion.start_date import read_start
    from ltv_platform.orchestration.dagster_home import check_storage
    from ltv_platform.settings import Settings, load_settings, variable_name

    try:
        settings = load_settings()
    except UserError as error:
        for name, field in Settings.model_fields.items():
            say(
                f"{variable_name(name)}: {field.description} Default: {_shown(field.get_default())}"
            )
        raise error
    show(
        ["variable", "value", "default", "meaning"],
        [
            (
                variable_name(name),
                _shown(getattr(settings, name)),
                _shown(field.get_default()),
                field.description,
            )
            for name, field in Settings.model_fields.items()
        ],
    )
    rows = [("python", python_version())]
    problems = []
    for package in _PACKAGES:
        try:
            rows.append((package, version(package)))
        except PackageNotFoundError:
            problems.append(f"{package} is not installed: run `make install`.")
    existing = next(p for p in (settings.home, *settings.home.parents) if p.exists())
    free = shutil.disk_usage(existing).free
    rows.append(("free disk", f"{free / 1024**3:.1f} GiB"))
    rows.append(("first partition", str(read_start(settings) or "settled by the first load")))
    for found in (_diagnose_snapshot(settings), diagnose(settings)):
        rows += found[0]
        problems += found[1]
    show(["", ""], rows)
    if free < _LITTLE_DISK:
        problems.append(f"Little disk is free under {settings.home}.")
    if not settings.warehouse_path.exists():
        problems.append("Nothing is loaded yet: `ltv ingest` or `ltv demo`.")
    elif not (settings.published_path / "current").exists():
        problems.append("Nothing is published yet: `ltv run`.")
    try:
        check_storage(settings)
    except UserError as error:
        problems.append(str(error))
    if settings.erasure_journal_path.exists():
        problems.append("An erasure is not finished: run `ltv erase` again for that person.")
    for problem in problems:
        say(problem)
    if not problems:
        say("All is well.")


def _diagnose_snapshot(settings: "Settings") -> tuple[list[tuple[str, str]], list[str]]:
    """The snapshot, each of its files read, and which of them are not as they were written."""
    from ltv_platform.warehouse.intact import changed_files
    from ltv_platform.warehouse.published import current_snapshot, damaged

    try:
        snapshot = current_snapshot(settings)
    except UserError as error:
        return [], [str(error)]
    if snapshot is None:
        return [], []
    name = snapshot.path.name
    if changed := changed_files(snapshot):
        what = f"{', '.join(changed)}: not as published, so its figures may be others"
        return [("snapshot", f"{name}, changed")], [str(damaged(name, what))]
    return [("snapshot", f"{name}, every file as it was published")], []


def _shown(value: object) -> str:
    from pydantic import BaseModel

    if value is None or value == "":
        return "–"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, BaseModel):
        # With blanks, at which a narrow column can fold it.
        return json.dumps(value.model_dump(mode="json", exclude_none=True), ensure_ascii=False)
    return str(value)
