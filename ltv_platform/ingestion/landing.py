"""The landing folder: files that wait to be loaded.

Files in ``landing/`` itself are recognized by their columns. ``landing/<table>/`` takes files with
the source's own columns, ``landing/<table>@<adapter>/`` files for an adapter, and
``landing/@<adapter>?<options>/`` files for all tables that the adapter feeds. A loaded file moves
to ``loaded/<load_id>/``. A rejected file stays, and so does anything but a file: links, which are
not followed, folders, pipes. The loads table ensures that a file is loaded only once.
"""

import hashlib
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ltv_platform.errors import UserError
from ltv_platform.failpoints import failpoint
from ltv_platform.ingestion.files.unfollowed import State, move, state_of
from ltv_platform.ingestion.requests import Outcome, Progress, Request, silent
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Loader

#: Extensions of files that are still being written.
_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload")


def make_landing(settings: Settings, sources: Sequence[str]) -> None:
    """Create a landing folder for each source table."""
    for source in sources:
        (settings.landing_path / source).mkdir(parents=True, exist_ok=True)


def waiting_files(settings: Settings, tables: Sequence[str] | None = None) -> list[Request]:
    """Requests for what waits, by folder and age, for the given source tables or all.

    Files in no table's folder are included only for all tables. Links, folders and pipes are
    included too: the person who put them there expects them to be loaded, and learns why they are
    not.
    """
    if not settings.landing_path.is_dir():
        return []
    found = []
    if tables is None:
        found = [
            Request(None, path, follow_links=False)
            for path in _in_order(settings.landing_path)
            if _is_finished(path) and not path.is_dir()
        ]
    for folder in sorted(path for path in settings.landing_path.iterdir() if path.is_dir()):
        table, _, adapter = folder.name.partition("@")
        if tables is not None and table not in tables:
            continue
        # The folder of a table may itself be a link.
        waiting = [folder] if folder.is_symlink() else _in_order(folder)
        found += [
            Request(table or None, path, adapter or None, follow_links=False)
            for path in waiting
            if _is_finished(path)
        ]
    return found


def _in_order(folder: Path) -> list[Path]:
    """The content of a folder, oldest first: a later export restates an earlier one."""

    def age(path: Path) -> tuple[int, str]:
        with suppress(FileNotFoundError):
            return path.lstat().st_mtime_ns, path.name
        return 0, path.name

    return sorted(folder.iterdir(), key=age)


@dataclass(frozen=True)
class LandedFile:
    """A waiting file in its current state.

    Attributes:
        place: Its folder and name, as in ``transactions@shop/june.csv``.
        size: Bytes.
        modified: When its content last changed, in nanoseconds since 1970; anyone can set it.
        changed: When it last changed or was renamed, by the clock of its disk; nobody can set it.
        inode: Its inode.
        adapter: Hash of its adapter, or of all that may recognize its columns; empty: there is
            none, or it is missing.
    """

    place: str
    size: int
    modified: int
    changed: int
    inode: int
    adapter: str = ""

    @property
    def mark(self) -> str:
        """Identifies the file as it would be read now; 72 bits, so no two collide by chance."""
        state = repr((self.place, self.size, self.modified, self.changed, self.inode, self.adapter))
        return hashlib.sha256(state.encode("utf-8", "backslashreplace")).hexdigest()[:18]


def landed_files(settings: Settings, sources: Collection[str]) -> list[LandedFile]:
    """The files waiting in the folders of source tables; see :func:`waiting_files`."""
    found = []
    adapters: dict[str, str] = {}
    for request in waiting_files(settings):
        if request.table not in (None, *sources):
            continue
        if request.adapter and request.adapter not in adapters:
            adapters[request.adapter] = _adapter_hash(request.adapter)
        with suppress(FileNotFoundError):  # it has just been moved away
            status = request.path.lstat()
            found.append(
                LandedFile(
                    str(request.path.relative_to(settings.landing_path)),
                    status.st_size,
                    status.st_mtime_ns,
                    status.st_ctime_ns,
                    status.st_ino,
                    adapters.get(request.adapter or "", "") or _known_by(settings, request),
                )
            )
    return found


def _known_by(settings: Settings, request: Request) -> str:
    """Hash of the formats and options that may recognize a file without a table."""
    if request.table is not None:
        return ""
    from ltv_platform.ingestion.adapters.files import bundled_adapters  # noqa: PLC0415 - parses SQL

    known = repr((sorted(bundled_adapters().items()), settings.adapter_options))
    return hashlib.sha256(known.encode()).hexdigest()


def _adapter_hash(name: str) -> str:
    from ltv_platform.ingestion.adapters.files import adapter_text  # noqa: PLC0415 - parses SQL

    try:
        return hashlib.sha256(adapter_text(name).encode()).hexdigest()
    except UserError:  # loading the file reports it
        return ""


def misplaced_files(settings: Settings, sources: Collection[str]) -> list[str]:
    """Paths of files that are never loaded: in folders of tables that do not exist."""
    waiting = [r.path for r in waiting_files(settings) if r.table not in (None, *sources)]
    return [str(path.relative_to(settings.landing_path)) for path in waiting]


def _is_finished(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix.lower() not in _UNFINISHED


def ingest_landing(
    engine: Loader,
    tables: Sequence[str] | None = None,
    progress: Progress = silent,
    changed_until: int | None = None,
) -> list[Outcome]:
    """Load what waits, and move the loaded files away.

    A file that was written to after it was copied stays: the next call loads its new content. A
    file that another process loads and moves away in the meantime is ignored.

    Args:
        engine: The warehouse.
        tables: Only files of these source tables; None: all.
        progress: Called with each step.
        changed_until: Leave files that changed later (by the clock of their disk, in nanoseconds
            since 1970): they may be unfinished. None: load all.
    """
    requests = [
        request
        for request in waiting_files(engine.settings, tables)
        if changed_until is None or _changed(request.path) <= changed_until
    ]
    if not requests:
        return []
    from ltv_platform.ingestion.load import ingest_each  # noqa: PLC0415 - mostly, nothing waits

    states = [_state(request.path) for request in requests]
    # Moved away one by one, so that few are read again after a kill.
    files = ingest_each(engine, requests, progress)
    return [
        outcome
        for file, state in zip(files, states, strict=True)
        if all(each.error is None for each in file) or file[0].request.path.exists()
        for outcome in _move_away(engine, file, state)
    ]


def _changed(path: Path) -> int:
    try:
        return path.lstat().st_ctime_ns
    except FileNotFoundError:  # loading it reports it
        return 0


def _state(path: Path) -> State | None:
    """The attributes that change when a file is written to or replaced; None if it is gone."""
    try:
        return state_of(path.lstat())
    except FileNotFoundError:
        return None


def _move_away(
    engine: Loader, outcomes: tuple[Outcome, ...], state: State | None
) -> tuple[Outcome, ...]:
    """Move a file away if it was loaded into all the tables it is meant for."""
    first, *others = outcomes
    path, counts = first.request.path, first.counts
    if counts is None or any(other.counts is None for other in others):
        return outcomes
    present = _state(path)
    if present is None:  # another process has moved it
        return outcomes
    if present != state:
        return (_left_waiting(first), *others)
    from ltv_platform.erasure.landed import strip_landed  # noqa: PLC0415 - mostly, nothing waits

    try:
        path = strip_landed(engine, outcomes)
        if path != first.request.path:
            note = f"{first.request.path.name} was kept as {path.name}, without its other sheets"
            first = replace(first, notes=(*first.notes, note))
    except UserError as error:
        note = f"{path.name} was moved to loaded/ still holding records of erased people: {error}"
        first = replace(first, notes=(*first.notes, note))
    # Erasure searches the files of loads that have rows of persons.
    sources = engine.catalog.sources
    loads = [each.counts for each in outcomes if each.counts is not None]
    counts = next((load for load in loads if sources[load.table_name].is_personal), counts)
    folder = engine.settings.loaded_path / counts.load_id
    if not path.exists():  # all its records were of erased persons
        return (first, *others)
    folder.mkdir(parents=True, exist_ok=True)
    # It may have just been rewritten; the target of a link is not moved.
    moved = move(path, _state(path), folder / path.name)
    failpoint("file moved away")
    return (first if moved or not path.exists() else _left_waiting(first), *others)


def _left_waiting(outcome: Outcome) -> Outcome:
    note = f"{outcome.request.path} changed after it was loaded, so it stays in landing"
    return replace(outcome, notes=(*outcome.notes, note))
