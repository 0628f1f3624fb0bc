"""The command doctor: shows settings, versions and state, and what is wrong."""

import json
import shutil
import time
from typing import TYPE_CHECKING

import typer

from ltv_platform.cli.backups import diagnose
from ltv_platform.cli.console import AsFormat, Format, say, show
from ltv_platform.errors import UserError

if TYPE_CHECKING:
    from ltv_platform.settings import Settings

_PACKAGES = ("sqlglot", "pandas")
#: Free disk below which a load of a few million rows may not fit.
_LITTLE_DISK = 2 * 1024**3
#: Seconds after which events that are not loaded are a problem; `ltv up` loads them within two
#: minutes, unless it is rebuilding much.
_UNLOADED = 3600

#: Rows to show, and problems.
_Found = tuple[list[tuple[str, str]], list[str]]


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(doctor)


def doctor(output: AsFormat = Format.TABLE) -> None:
    """Show effective settings, versions, free disk space and problems."""
    from ltv_platform.settings import Settings, load_settings, variable_name

    try:
        settings = load_settings()
    except UserError as error:
        for name, field in Settings.model_fields.items():
            say(
                f"{variable_name(name)}: {field.description} Default: {_shown(field.get_default())}"
            )
        raise error
    columns = ["variable", "value", "default", "meaning"]
    variables = [
        (
            variable_name(name),
            _shown(getattr(settings, name)),
            _shown(field.get_default()),
            field.description,
        )
        for name, field in Settings.model_fields.items()
    ]
    looks = (_programs, _home, _diagnose_events, _diagnose_snapshot, diagnose)
    found = [look(settings) for look in looks]
    rows = [row for of_one, _ in found for row in of_one]
    problems = [problem for _, of_one in found for problem in of_one]
    if output is Format.TABLE:
        show(columns, variables)
        show(["fact", "value"], rows)
    else:
        show(columns, [*variables, *((*row, None, None) for row in rows)], output)
    for problem in problems:
        say(problem)
    if not problems:
        say("All is well.")


def _programs(settings: "Settings") -> _Found:
    from importlib.metadata import PackageNotFoundError, version
    from platform import python_version

    from ltv_platform.workspace import Workspace

    of_engine = Workspace(settings).engine.packages
    rows, problems = [("python", python_version())], []
    for package in ("ltv-platform", "dagster", "dagster-webserver", *of_engine, *_PACKAGES):
        try:
            rows.append((package, version(package)))
        except PackageNotFoundError:
            problems.append(f"{package} is not installed: run `make install`.")
    return rows, problems


def _home(settings: "Settings") -> _Found:
    from ltv_platform.ingestion.rows.start_date import read_start
    from ltv_platform.orchestration.dagster_home import check_storage
    from ltv_platform.permissions import is_open_to_all

    existing = next(p for p in (settings.home, *settings.home.parents) if p.exists())
    free = shutil.disk_usage(existing).free
    rows = [
        ("free disk", f"{free / 1024**3:.1f} GiB"),
        ("first partition", str(read_start(settings) or "settled by the first load")),
    ]
    problems = []
    if free < _LITTLE_DISK:
        problems.append(f"Low disk space under {settings.home}.")
    if not settings.warehouse_path.exists():
        problems.append("Nothing is loaded yet: `ltv ingest` or `ltv demo`.")
    elif not (settings.published_path / "current").exists():
        problems.append("Nothing is published yet: `ltv run`.")
    if is_open_to_all(settings.home, settings.warehouse_path):
        problems.append(
            f"Every user of this machine can read {settings.home}, which holds personal data: "
            f"`chmod -R go= {settings.home}` restricts access to you."
        )
    try:
        check_storage(settings)
    except UserError as error:
        problems.append(str(error))
    if settings.erasure_journal_path.exists():
        problems.append("An erasure did not finish: run `ltv erase` again for that person.")
    return rows, problems


def _diagnose_events(settings: "Settings") -> _Found:
    """Events that no load has taken yet."""
    from ltv_platform.events.leftovers import is_abandoned, waiting_events

    waiting = waiting_events(settings)
    if waiting.oldest is None:
        return [], []
    since = max(0.0, time.time() - waiting.oldest)
    rows = [
        (
            "events to load",
            f"{waiting.bytes / 1e6:.1f} MB in {waiting.files} segments, for {since:.0f} s",
        )
    ]
    if is_abandoned(settings):
        return rows, ["A server was ended while it received events: `ltv run` loads them."]
    if since > _UNLOADED:
        return rows, ["Nothing loads the events that are received: `ltv run`, or keep `ltv up`."]
    return rows, []


def _diagnose_snapshot(settings: "Settings") -> _Found:
    """The snapshot, and its damaged files; reads every file."""
    from ltv_platform.published.current import current_snapshot, damaged
    from ltv_platform.published.intact import changed_files

    try:
        snapshot = current_snapshot(settings)
    except UserError as error:
        return [], [str(error)]
    if snapshot is None:
        return [], []
    name = snapshot.path.name
    if changed := changed_files(snapshot):
        what = f"{', '.join(changed)}: changed since publishing, so its figures may be wrong"
        return [("snapshot", f"{name}, changed")], [str(damaged(name, what))]
    return [("snapshot", f"{name}, all files unchanged since publishing")], []


def _shown(value: object) -> str:
    from pydantic import BaseModel

    if value is None or value == "":
        return "–"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, BaseModel):
        # With spaces, so that a narrow column can wrap.
        return json.dumps(value.model_dump(mode="json", exclude_none=True), ensure_ascii=False)
    return str(value)
