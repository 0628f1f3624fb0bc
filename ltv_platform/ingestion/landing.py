"""The landing folder: files that wait to be loaded, a folder per source.

``landing/<table>/`` takes files with the source's own columns, ``landing/<table>@<adapter>/``
files that go through an adapter. A loaded file moves to ``loaded/<load_id>/``; a rejected one
stays where it is. That a file is loaded once is the business of the loads table.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from ltv_platform.ingestion.load import Outcome, Progress, Request, silent, ingest
from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine

#: Files that are still being written by whoever delivers them.
_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload")


def make_landing(settings: Settings, sources: Sequence[str]) -> None:
    """Make a landing folder per source."""
    for source in sources:
        (settings.landing_path / source).mkdir(parents=True, exist_ok=True)


def waiting_files(settings: Settings, tables: Sequence[str] | None = None) -> list[Request]:
    """The files that wait, by folder and name; of the given source tables, or of all."""
    if not settings.landing_path.is_dir():
        return []
    found = []
    for folder in sorted(path for path in settings.landing_path.iterdir() if path.is_dir()):
        table, _, adapter = folder.name.partition("@")
        if tables is not None and table not in tables:
            continue
        found += [
            Request(table, path, adapter or None)
            for path in sorted(folder.iterdir())
            if path.is_file() and not path.name.startswith(".") and path.suffix not in _UNFINISHED
        ]
    return found


def ingest_landing(
    engine: DuckDBEngine, tables: Sequence[str] | None = None, progress: Progress = silent
) -> list[Outcome]:
    """Load what waits and move the loaded files away."""
    outcomes = ingest(engine, waiting_files(engine.settings, tables), progress)
    for outcome in outcomes:
        if outcome.counts is not None:
            _move_away(engine.settings, outcome.request.path, outcome.counts.load_id)
    return outcomes


def _move_away(settings: Settings, path: Path, load_id: str) -> None:
    folder = settings.loaded_path / load_id
    folder.mkdir(parents=True, exist_ok=True)
    os.replace(path, folder / path.name)
