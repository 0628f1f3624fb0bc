"""The landing folder: files that wait to be loaded, a folder per source.

``landing/<table>/`` takes files with the source's own columns, ``landing/<table>@<adapter>/``
files that go through an adapter. A loaded file moves to ``loaded/<load_id>/``; a rejected one
stays where it is, and so does what is no file: links, which are not followed, folders, pipes.
That a file is loaded once is the business of the loads table.
"""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from ltv_platform.erasure.finding import open_finder
from ltv_platform.erasure.stripping import Held, Stripper, remember_rewritten
from ltv_platform.erasure.suppression import read_suppressed
from ltv_platform.errors import UserError
from ltv_platform.failpoints import failpoint
from ltv_platform.ingestion.load import Outcome, Progress, Request, ingest, silent
from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine

#: Files that are still being written by whoever delivers them.
_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload")


def make_landing(settings: Settings, sources: Sequence[str]) -> None:
    """Make a landing folder per source."""
    for source in sources:
        (settings.landing_path / source).mkdir(parents=True, exist_ok=True)


def waiting_files(settings: Settings, tables: Sequence[str] | None = None) -> list[Request]:
    """What waits, by folder and name; of the given source tables, or of all.

    Links, folders and pipes are among it: whoever put them there waits for them to be loaded,
    and is told why they are not.
    """
    if not settings.landing_path.is_dir():
        return []
    found = []
    for folder in sorted(path for path in settings.landing_path.iterdir() if path.is_dir()):
        table, _, adapter = folder.name.partition("@")
        if tables is not None and table not in tables:
            continue
        # The folder of a table may be such a link itself.
        waiting = [folder] if folder.is_symlink() else sorted(folder.iterdir())
        found += [
            Request(table, path, adapter or None, follow_links=False)
            for path in waiting
            if _is_finished(path)
        ]
    return found


def stray_files(settings: Settings) -> list[Path]:
    """Files in the landing folder itself, where nothing tells which table they are meant for."""
    if not settings.landing_path.is_dir():
        return []
    return sorted(
        path for path in settings.landing_path.iterdir() if _is_finished(path) and not path.is_dir()
    )


def _is_finished(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix.lower() not in _UNFINISHED


def ingest_landing(
    engine: DuckDBEngine, tables: Sequence[str] | None = None, progress: Progress = silent
) -> list[Outcome]:
    """Load what waits and move the loaded files away.

    A file that was written to since it was copied stays: the next call loads what is new in it.
    One that another process loads and moves away meanwhile is that process's business.
    """
    requests = waiting_files(engine.settings, tables)
    states = [_state(request.path) for request in requests]
    outcomes = ingest(engine, requests, progress)
    return [
        _move_away(engine, outcome, state)
        for outcome, state in zip(outcomes, states, strict=True)
        if outcome.error is None or outcome.request.path.exists()
    ]


def _state(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is written to or replaced; None if it is gone."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _move_away(
    engine: DuckDBEngine, outcome: Outcome, state: tuple[int, int, int] | None
) -> Outcome:
    path = outcome.request.path
    if outcome.counts is None:
        return outcome
    present = _state(path)
    if present is None:  # another process has moved it
        return outcome
    if present != state:
        note = f"{path} was changed after it was loaded, so it stays for the next call"
        return replace(outcome, notes=(*outcome.notes, note))
    counts = outcome.counts
    try:
        _strip(engine, outcome)
    except UserError as error:
        note = f"{path.name} goes to loaded/ with records of erased persons: {error}"
        outcome = replace(outcome, notes=(*outcome.notes, note))
    folder = engine.settings.loaded_path / counts.load_id
    if not path.exists():  # all of its records were those of erased persons
        return outcome
    folder.mkdir(parents=True, exist_ok=True)
    # Landing may be a mount of its own, which a rename does not leave.
    with suppress(FileNotFoundError):  # another process has moved it just now
        shutil.move(path, folder / path.name)
    failpoint("file moved away")
    return outcome


def _strip(engine: DuckDBEngine, outcome: Outcome) -> None:
    """What was left out of the log does not stay in the file that is kept of it.

    Raises:
        UserError: the file cannot be rewritten.
    """
    request, counts = outcome.request, outcome.counts
    source = engine.catalog.sources[request.table]
    # Nobody has looked into a file that was loaded before.
    if counts is None or not source.is_personal or not (outcome.left_out or outcome.repeated):
        return
    with engine.session() as connection:
        suppressed = read_suppressed(connection, engine.settings)
    if not suppressed:
        return
    held = Held(request.path, request.table, request.adapter, counts.load_id)
    with open_finder(engine.settings) as finder:
        stripper = Stripper(finder, engine.catalog.sources, suppressed)
        stripper.strip(held, partial(remember_rewritten, engine))
