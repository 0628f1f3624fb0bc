"""Files of landing and loaded: finds and removes records of persons on the list."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ltv_platform.contracts import SourceTable
from ltv_platform.erasure.finding import Finder, Found, open_finder
from ltv_platform.erasure.identifiers import Identifiers
from ltv_platform.erasure.sightings import may_name
from ltv_platform.erasure.stripping import KeptFile, Stripper, drafts_in
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters.person_ids import person_id
from ltv_platform.ingestion.landing import waiting_files
from ltv_platform.ingestion.requests import Request
from ltv_platform.ingestion.suppression.keys import Suppressed
from ltv_platform.ingestion.suppression.texts import Needles
from ltv_platform.ingestion.taking import take_in
from ltv_platform.locks import temporary_folder
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Loader
from ltv_platform.warehouse.loads import remember_rewritten

_State = tuple[int, int, int]


@dataclass
class FileFindings:
    """Records of persons on the list in files.

    Attributes:
        counts: Records by file, for files that have some.
        states: The state of every file when it was read.
        unread: Unreadable files that may name them, with the reason.
        replaced: Workbooks that were rewritten as text, and the new files.
    """

    counts: dict[Path, int] = field(default_factory=dict)
    states: dict[Path, _State] = field(default_factory=dict)
    unread: dict[Path, UserError] = field(default_factory=dict)
    replaced: dict[Path, Path] = field(default_factory=dict)


def kept_files(engine: Loader) -> Iterator[KeptFile]:
    """Files of landing, then of loaded, for tables with personal rows.

    In this order, because a load moves files from landing to loaded.
    """
    settings, sources = engine.settings, engine.catalog.sources
    personal = [name for name, source in sources.items() if source.is_personal]
    for request in waiting_files(settings):
        if _is_file(request.path):
            for table, adapter in _meant_for(engine, request):
                if table in personal:
                    yield KeptFile(request.path, table, adapter)
                    break
    loads = {
        load_id: (table, adapter)
        for load_id, table, adapter in engine.rows(
            "SELECT load_id, table_name, adapter FROM raw.loads"
        )
    }
    if not settings.loaded_path.is_dir():
        return
    for folder in sorted(settings.loaded_path.iterdir()):
        table, adapter = loads.get(folder.name, ("", None))
        if table in personal and folder.is_dir() and not folder.is_symlink():
            for path in sorted(folder.iterdir()):
                if _is_file(path) and not path.name.startswith("."):
                    yield KeptFile(path, table, adapter, folder.name)


def _meant_for(engine: Loader, request: Request) -> Iterator[tuple[str, str | None]]:
    """The tables that a file in landing is for, and its adapter; none if unknown."""
    if request.table is not None:
        yield request.table, request.adapter
        return
    try:
        with temporary_folder(engine.settings.home, "staging_") as folder:
            taken = take_in(engine, request, folder / "1")
    except UserError:  # it cannot be loaded anyway
        return
    for incoming in taken:
        yield incoming.source.name, incoming.request.adapter


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def ids_beside(engine: Loader, address: str) -> dict[str, str]:
    """Ids in the same records as an address in kept files, each with one such file.

    Args:
        engine: The warehouse.
        address: The id made from the address, see ``person_ids``.
    """
    found: dict[str, str] = {}
    with open_finder(engine.settings) as finder:
        stripper = Stripper(finder, engine.catalog.sources, Suppressed(b"", {}))
        for file in kept_files(engine):
            try:
                ids = stripper.ids_beside(file, address)
            except (UserError, FileNotFoundError):  # the erasure itself reports unreadable files
                continue
            found.update(dict.fromkeys(ids, file.path.name))
    return found


def search_files(
    engine: Loader,
    finder: Finder,
    make_list: Callable[[Identifiers], Suppressed],
    identifiers: Identifiers,
    progress: Callable[[str], None],
) -> tuple[FileFindings, Identifiers]:
    """Read every file, without changing anything.

    Args:
        engine: The warehouse.
        finder: Reads files.
        make_list: Returns the list with some identifiers added.
        identifiers: The person, and the known ids of their rows.
        progress: Called for each file.

    Returns:
        The findings, and the identifiers, completed from files.
    """
    findings = FileFindings()
    sources: Mapping[str, SourceTable] = engine.catalog.sources
    files = list(kept_files(engine))
    # Files of costs name sessions and no persons, so files of sessions are read first.
    for by_source in (False, True):
        stripper = Stripper(finder, sources, make_list(identifiers))
        needles = Needles(identifiers.all(), id_of=partial(person_id, engine.settings))
        for file in files:
            if (sources[file.table].person_source is not None) is not by_source:
                continue
            progress(f"searching {file.path.name}")
            found = _search(stripper, file, findings, needles)
            for table, of_table in found.items():
                identifiers = identifiers.with_keys(
                    sources[table].person_source or table, of_table.keys
                )
    return findings, identifiers


def _search(
    stripper: Stripper, file: KeptFile, findings: FileFindings, needles: Needles
) -> dict[str, Found]:
    try:
        state = _state(file.path)
        found = stripper.search(file)
    except FileNotFoundError:  # moved by a load; it is found again in loaded
        return {}
    except UserError as error:
        if file.path.exists() and may_name(file.path, needles):
            findings.unread[file.path] = error
        return {}
    findings.states[file.path] = state
    if count := sum(each.count for each in found.values()):
        findings.counts[file.path] = count
    return found


def _state(path: Path) -> _State:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def strip_files(
    engine: Loader,
    finder: Finder,
    suppressed: Suppressed,
    findings: FileFindings,
    *,
    needles: Needles,
    progress: Callable[[str], None],
) -> FileFindings:
    """Rewrite the files with records of persons on the list.

    Args:
        engine: The warehouse.
        finder: Reads files.
        suppressed: The list.
        findings: The earlier findings; an unchanged file without any is skipped.
        needles: All identifiers.
        progress: Called for each file.

    Returns:
        The number of records removed by file, and the files that cannot be rewritten.
    """
    settings = engine.settings
    _remove_drafts(settings)
    stripper = Stripper(finder, engine.catalog.sources, suppressed)
    done = FileFindings()
    for file in kept_files(engine):
        try:
            if file.path in findings.counts or findings.states.get(file.path) != _state(file.path):
                progress(f"rewriting {file.path.name}")
                if count := stripper.strip(file, partial(remember_rewritten, engine)):
                    done.counts[file.path] = count
            if file.path.exists():
                stripper.check_rest(file, needles)
        except FileNotFoundError:  # moved by a load
            continue
        except UserError as error:
            if file.path.exists() and may_name(file.path, needles):
                done.unread[file.path] = error
    done.replaced = stripper.replaced
    return done


def _remove_drafts(settings: Settings) -> None:
    for folder in (settings.landing_path, settings.loaded_path):
        for draft in drafts_in(folder):
            draft.unlink()
