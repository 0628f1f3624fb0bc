"""Commands that build and start things: demo, run, ui."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ltv_platform.cli.console import invoked_as, progress, say, show
from ltv_platform.cli.ingesting import is_rejected, report_outcomes
from ltv_platform.errors import UserError
from ltv_platform.workspace import Workspace

if TYPE_CHECKING:
    from ltv_platform.orchestration.foreground import Refreshed

#: Checks that warn about faults planted in the sample; they would bury its tables.
_PLANTED = ("rejected_share", "customers_are_known")

#: Most months of cohorts in the demo: all of them would push the campaigns off the screen.
_MONTHS = 4

_DAY = ["%Y-%m-%d"]

_PORT = Annotated[int, typer.Option(min=1, max=65535, help="Port of the web server.")]
_HOST = Annotated[str, typer.Option(help="Address to listen on.")]
_MODULE = Annotated[
    str, typer.Option(help="Module with your Dagster definitions; see docs/extending.md.")
]


_SERVE = Annotated[bool, typer.Option("--serve", help="Also serve the HTTP API and dashboard.")]
_SERVE_PORT = Annotated[int, typer.Option(min=1, max=65535, help="Port of the HTTP API.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(demo)
    app.command()(run)
    app.command()(ui)
    app.command()(up)


def demo(
    api: Annotated[
        bool, typer.Option("--serve", help="Then serve the HTTP API and dashboard.")
    ] = False,
    serve_port: _SERVE_PORT = 8123,
) -> None:
    """Load the bundled sample, build everything and show what the campaigns earn."""
    from ltv_platform.published.current import require_snapshot
    from ltv_platform.reports.campaigns import campaign_overview, cohort_overview
    from ltv_platform.reports.channels import channel_overview

    workspace = Workspace.open()
    with _one_run(workspace):
        _load_sample(workspace)
        refreshed = _bring_up_to_date(workspace)
    ltv, as_of = invoked_as(), require_snapshot(workspace.settings).manifest["as_of"]
    show(*campaign_overview(workspace.settings), title="Campaigns")
    columns, cohorts = cohort_overview(workspace.settings)
    newest = sorted({month for month, *_ in cohorts})[-_MONTHS:]
    show(
        columns,
        [row for row in cohorts if row[0] in newest],
        title=f"Paid install cohorts by month, newest {_MONTHS}",
    )
    show(*channel_overview(workspace.settings), title="Channels by the IHC model")
    say(
        "Installs, spend and CPI cover all cohorts; LTV and ROAS only mature ones.\n"
        "– = not mature yet, or no spend.\n"
        f"The whole report:  {workspace.settings.reports_path / 'overview.html'}\n"
        f"Customers:         {ltv} report customers   (customers.html, in the same folder)\n"
        f"Planted bad rows:  {ltv} quarantine list\n"
        f'Query:             {ltv} query "SELECT * FROM country_roas ORDER BY rank"\n'
        f"Dagster UI:        make ui   (or: {ltv} ui), then open http://127.0.0.1:3000\n"
        f"                   The sample ends on {as_of}; alerts will report its data as late."
    )
    _say_warnings(refreshed.without(*_PLANTED))
    if api:
        from ltv_platform.serving.server import serve

        serve(workspace.settings, "127.0.0.1", serve_port, say)


def _load_sample(workspace: Workspace) -> None:
    """Load the bundled sample, unless it is already loaded."""
    from importlib.resources import as_file

    from ltv_platform.bundled import bundled_data
    from ltv_platform.ingestion.landing import make_landing
    from ltv_platform.ingestion.load import Request, ingest

    with as_file(bundled_data() / "sample") as sample:
        paths = [(table, sample / f"{table}.csv") for table in workspace.catalog.sources]
        files = [Request(table, path) for table, path in paths if path.exists()]
        _refuse_other_data(workspace, [request.path for request in files])
        _refuse_a_clock_before(workspace, sample / "truths.json")
        make_landing(workspace.settings, list(workspace.catalog.sources))
        with progress("loading the sample") as tell:
            outcomes = ingest(workspace.engine, files, tell)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error


def _refuse_other_data(workspace: Workspace, sample: list[Path]) -> None:
    """Refuse other data: the sample must not mix with it."""
    expected = {(path.name, _records(path)) for path in sample}
    loaded = set(workspace.engine.rows("SELECT source_file, rows_in_file FROM raw.loads"))
    if loaded - expected:
        raise UserError(
            f"{workspace.settings.home} already contains other data.",
            "Set LTV_HOME to another folder for the demo, for example: LTV_HOME=/tmp/demo ltv demo",
        )


def _refuse_a_clock_before(workspace: Workspace, truths: Path) -> None:
    """Refuse a clock before the sample: all of its rows would be in the future."""
    import json

    last = date.fromisoformat(json.loads(truths.read_text("utf-8"))["parameters"]["as_of"])
    if (today := workspace.settings.today()) < last:
        raise UserError(
            f"The sample ends on {last}, and the clock says {today}: its rows would be rejected.",
            f"Set the clock, or for the demo only: LTV_NOW={last}T23:59:59Z ltv demo",
        )


def _records(path: Path) -> int:
    import csv

    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def run(
    everything: Annotated[
        bool, typer.Option("--all", help="Rebuild every table from the raw log.")
    ] = False,
    start: Annotated[
        datetime | None,
        typer.Option("--from", formats=_DAY, help="Rebuild from this day, stale or not."),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option("--to", formats=_DAY, help="Rebuild up to this day, stale or not."),
    ] = None,
    select: Annotated[
        str,
        typer.Option(
            help="Only these assets, in Dagster's selection syntax: 'key:core/* or "
            "group:campaigns'."
        ),
    ] = "",
) -> None:
    """Load files in landing, rebuild stale tables, run the checks and publish."""
    from ltv_platform.published.latest import keep_latest

    if everything and (start or end or select):
        raise UserError("--all already rebuilds everything.", "Remove --from, --to and --select.")
    workspace = Workspace.open()
    with _one_run(workspace):
        rejected = _load_landing(workspace)
        rebuilt = (
            _rebuild(workspace, start and start.date(), end and end.date(), select)
            if everything or start or end or select
            else None
        )
        if rebuilt is not None and select:
            # With a selection, only these assets are built.
            say(f"Rebuilt {select}. Run `ltv run` to bring everything up to date and publish it.")
            _say_warnings(rebuilt)
        else:
            refreshed = _bring_up_to_date(workspace)
            if not refreshed.changed:
                say("Nothing is stale.")
            keep_latest(workspace.settings)
            _say_published(workspace)
            _say_warnings(refreshed if rebuilt is None else rebuilt.then(refreshed))
    if rejected:
        raise typer.Exit(2)


@contextmanager
def _one_run(workspace: Workspace) -> Iterator[None]:
    """Be the only process that brings this LTV_HOME up to date; waits for another one.

    Raises:
        UserError: the IHC API is set but not available: good figures would be replaced by missing
            ones.
    """
    from ltv_platform.attribution.ihc_api.access import check_api_access
    from ltv_platform.locks import one_run

    check_api_access(workspace.settings)
    with ExitStack() as lock:
        with progress("starting") as tell:
            lock.enter_context(one_run(workspace.settings, tell))
        yield


def _load_landing(workspace: Workspace) -> bool:
    """Load the waiting files; True if a file was rejected, or all of its rows were."""
    from ltv_platform.events.leftovers import recover
    from ltv_platform.ingestion.landing import ingest_landing, make_landing, waiting_files

    make_landing(workspace.settings, list(workspace.catalog.sources))
    recover(workspace.settings)
    if not waiting_files(workspace.settings):
        return False
    with progress("loading files in landing") as tell:
        outcomes = ingest_landing(workspace.engine, progress=tell)
    report_outcomes(outcomes)
    return any(map(is_rejected, outcomes))


def _bring_up_to_date(workspace: Workspace) -> "Refreshed":
    """Run what is stale."""
    from ltv_platform.ingestion.rows.start_date import cover_log, read_start
    from ltv_platform.orchestration.foreground import bring_up_to_date

    start = read_start(workspace.settings)
    if start not in (None, covering := cover_log(workspace.engine)):
        say(f"Partitions now start on {covering}: the log holds rows from before {start}.")
    with progress("looking for stale tables") as tell:
        return bring_up_to_date(workspace.engine, workspace.graph, tell)


def _say_warnings(refreshed: "Refreshed") -> None:
    """Print the results of the non-blocking checks, once everything is published.

    Raises:
        UserError: the user must fix something before the rest can be done, such as a wrong key.
    """
    for warning in refreshed.warnings:
        say(f"Warning: {warning}")
    if refreshed.error is not None:
        raise refreshed.error


def _rebuild(
    workspace: Workspace, start: date | None, end: date | None, select: str
) -> "Refreshed":
    from ltv_platform.orchestration.foreground import rebuild

    with progress("starting Dagster") as tell:
        return rebuild(workspace.engine, workspace.graph, (start, end), select, tell)


def _say_published(workspace: Workspace) -> None:
    from ltv_platform.published.current import current_snapshot

    published = current_snapshot(workspace.settings)
    if published is not None:
        say(
            f"Published snapshot {published.manifest['id']}, "
            f"data as of {published.manifest['as_of'] or 'never: no events yet'}."
        )


def ui(
    port: _PORT = 3000,
    host: _HOST = "127.0.0.1",
    module: _MODULE = "ltv_platform.definitions",
    api: _SERVE = False,
    serve_port: _SERVE_PORT = 8123,
) -> None:
    """Start Dagster's UI, sensors and schedules on this LTV_HOME; the same as `ltv up`."""
    up(port, host, module, api, serve_port)


def up(
    port: _PORT = 3000,
    host: _HOST = "127.0.0.1",
    module: _MODULE = "ltv_platform.definitions",
    api: _SERVE = False,
    serve_port: _SERVE_PORT = 8123,
) -> None:
    """Run web server and daemon on this LTV_HOME until SIGTERM or Ctrl-C.

    While it runs, files dropped into landing are loaded, and the affected tables rebuilt and
    published. With --serve, events come in and figures go out over HTTP as well.
    """
    from ltv_platform.ingestion.landing import make_landing
    from ltv_platform.orchestration.dagster_home import prepare_dagster_home
    from ltv_platform.orchestration.services import serve
    from ltv_platform.serving.listening import url_of

    workspace = Workspace.open()
    make_landing(workspace.settings, list(workspace.catalog.sources))
    prepare_dagster_home(workspace.settings)
    if "public_url" not in workspace.settings.model_fields_set:  # for links in alerts
        os.environ["LTV_PUBLIC_URL"] = url_of(host, port)
    api_port = serve_port if api else None
    serve(workspace.settings, host, port, module, say, api_port=api_port)
