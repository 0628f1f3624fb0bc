"""One call from files to the log: copy, stage, settle the start, append.

Each file is a load of its own: it enters whole or not at all, and a file that was loaded
before changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import duckdb

from ltv_platform.contracts import SourceTable
from ltv_platform.erasure.suppression import remember_keys
from ltv_platform.errors import UserError
from ltv_platform.failpoints import failpoint
from ltv_platform.ingestion.doubles import scales_of
from ltv_platform.ingestion.files import check_regular, file_format, load_id_of, take_copy
from ltv_platform.ingestion.quarantine import append_retrial, retry
from ltv_platform.ingestion.requests import Outcome, Progress, Request, silent
from ltv_platform.ingestion.sqlite_files import (
    copy_sqlite,
    export_sqlite_table,
    refuse_script,
    sqlite_columns,
    sqlite_tables,
)
from ltv_platform.ingestion.sqlite_schema import check_schema
from ltv_platform.ingestion.staging import (
    ONLY_BEFORE_START,
    Incoming,
    Staged,
    collect_rejected,
    confine,
    discard,
    judge_again,
    stage,
    years_of_load,
    years_of_log,
)
from ltv_platform.ingestion.start_date import cover_log, moved, read_start, settle, write_start
from ltv_platform.locks import temporary_folder
from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine
from ltv_platform.warehouse.engine import LoadCounts
from ltv_platform.warehouse.raw_log import append_load, known_load, transaction

Connection = duckdb.DuckDBPyConnection

#: So many files are taken in at once, if they are no larger together: to open the warehouse takes
#: as long as to load a small one.
_FILES_AT_ONCE, _BYTES_AT_ONCE = 20, 4 << 20

__all__ = ["Outcome", "Request", "ingest", "sqlite_requests"]


def ingest(
    engine: DuckDBEngine, requests: Sequence[Request], progress: Progress = silent
) -> list[Outcome]:
    """Load files, each whole or not at all.

    Args:
        engine: The warehouse.
        requests: The files. Until the start of the partitions is settled, all of them are
            validated before the first is appended, because all of them settle it.
        progress: Told what is being done.

    Returns:
        One outcome per request, in their order.
    """
    together = read_start(engine.settings) is None
    groups = [list(requests)] if together else _groups(requests)
    return [outcome for group in groups for outcome in _ingest_group(engine, group, progress)]


def _groups(requests: Iterable[Request]) -> list[list[Request]]:
    """The files in their order, few enough at a time to be copied."""
    groups: list[list[Request]] = []
    left = 0
    for request in requests:
        size = _size(request.path)
        if not groups or size > left or len(groups[-1]) == _FILES_AT_ONCE:
            groups.append([])
            left = _BYTES_AT_ONCE
        groups[-1].append(request)
        left -= size
    return groups


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:  # taking it in says why
        return 0


def _ingest_group(
    engine: DuckDBEngine, requests: Sequence[Request], progress: Progress
) -> list[Outcome]:
    settings = engine.settings
    outcomes: dict[int, Outcome] = {}
    with _staging_folder(settings) as folder:
        incoming: dict[int, Incoming] = {}
        for place, request in enumerate(requests):
            progress(f"reading {request.path.name}")
            try:
                incoming[place] = _take_in(engine, request, folder / str(place), place)
            except UserError as error:
                outcomes[place] = Outcome(request, error=error)
        failpoint("private copies taken")
        with engine.hold(), engine.session() as connection:
            confine(connection, settings, [folder])
            waiting: dict[int, Staged] = {}
            for place, file in incoming.items():
                if known := known_load(connection, file.load_id):
                    outcomes[place] = Outcome(requests[place], known, repeated=True)
                    continue
                progress(f"validating {file.copy.name}")
                try:
                    waiting[place] = stage(connection, settings, file, read_start(settings))
                except UserError as error:
                    outcomes[place] = Outcome(requests[place], error=error)
            failpoint("files staged")
            _settle_start(connection, engine, waiting.values())
            for place, staged in waiting.items():
                progress(f"appending {staged.load.source_file}")
                outcomes[place] = _append(connection, engine, requests[place], staged)
    return [outcomes[place] for place in sorted(outcomes)]


def _take_in(engine: DuckDBEngine, request: Request, folder: Path, place: int) -> Incoming:
    """A private copy of a request's file, with all that is known of it.

    Raises:
        UserError: the table, the adapter or the file cannot be used.
    """
    source = _source(engine, request.table)
    adapter = None
    if request.adapter:
        # It parses SQL; most files come without one.
        from ltv_platform.ingestion.adapters import load_adapter  # noqa: PLC0415

        adapter = load_adapter(request.adapter, source.name)
    folder.mkdir()
    check_regular(request.path, request.follow_links)
    if file_format(request.path) == "sqlite":
        database = copy_sqlite(request.path, folder, follow_links=request.follow_links)
        scales = None if adapter else scales_of(source)
        copy = export_sqlite_table(database, source.name, engine.settings.adapter_timeout, scales)
    else:
        copy = take_copy(request.path, folder, follow_links=request.follow_links)
    load_id = load_id_of(source.name, adapter.text if adapter else "", copy)
    return Incoming(source, adapter, copy, load_id, place)


def _source(engine: DuckDBEngine, table: str) -> SourceTable:
    sources = engine.catalog.sources
    if table in sources:
        return sources[table]
    near = get_close_matches(table, sources, n=1)
    raise UserError(
        f"There is no source table {table!r}.",
        (f"Did you mean {near[0]}? " if near else "") + f"There are: {', '.join(sources)}.",
    )


def _staging_folder(settings: Settings) -> AbstractContextManager[Path]:
    """A folder for private copies; what killed processes left of theirs is removed."""
    settings.home.mkdir(parents=True, exist_ok=True)
    return temporary_folder(settings.home, "staging_")


def sqlite_requests(engine: DuckDBEngine, database: Path) -> list[Request]:
    """A request for each source table that a SQLite database holds.

    Raises:
        UserError: it is not a SQLite database, holds none of the source tables, or some of them in
            another shape; nothing is loaded then.
    """
    check_regular(database)
    if database.suffix.lower() == ".sql":
        refuse_script(database, str(database))
    if file_format(database) != "sqlite":
        raise UserError(
            f"{database} does not have the extension of a SQLite database.", "Use .db or .sqlite."
        )
    with _staging_folder(engine.settings) as folder:
        copy = copy_sqlite(database, folder)
        tables = sqlite_tables(copy)
        known = [table for table in engine.catalog.sources if table in tables]
        if not known:
            raise UserError(
                f"{database} holds none of the source tables; it has "
                f"{', '.join(tables) or 'none'}.",
                f"Looked for {', '.join(engine.catalog.sources)}.",
            )
        declared = {table: sqlite_columns(copy, table) for table in known}
    check_schema(str(database), tables, declared, engine.catalog.sources)
    return [Request(table, database) for table in known]


def _settle_start(connection: Connection, engine: DuckDBEngine, waiting: Iterable[Staged]) -> None:
    """Settle the start by all files of the call, and by what was loaded under a fixed one."""
    if read_start(engine.settings) is None:
        logged = [
            years_of_log(connection, source)
            for source in engine.catalog.sources.values()
            if source.partitioned
        ]
        start = settle([*logged, *(years_of_load(connection, staged) for staged in waiting)])
        if start is not None:
            write_start(engine.settings, start)
            failpoint("start settled")
    cover_log(engine)


def _append(
    connection: Connection, engine: DuckDBEngine, request: Request, staged: Staged
) -> Outcome:
    """Append a staged file; if that moves the start, what only the old one kept out comes in."""
    settings = engine.settings
    # The same content may stand twice in one call.
    if known := known_load(connection, staged.load.load_id):
        return Outcome(request, known, repeated=True)
    notes = list(staged.notes)
    start = read_start(settings)
    earlier = _moved_start(connection, settings, staged, start)
    retrial = None
    if earlier is not None:
        # A start that is moved while the load then fails does no harm: it is never too early.
        write_start(settings, earlier)
        failpoint("start moved")
        notes.append(f"the partitions now start on {earlier} instead of {start}")
        start = earlier
        retrial = retry(connection, engine, only=ONLY_BEFORE_START)
        notes += retrial.notes
    judge_again(connection, settings, staged, start)
    with transaction(connection):
        rejected = collect_rejected(connection, staged)
        counts = append_load(connection, staged.load, staged.rows, rejected, settings)
        if staged.left_out:
            remember_keys(connection, settings, staged.load, staged.rows)
        failpoint("load appended, not committed")
        if retrial is not None and retrial.passed:
            loads = append_retrial(connection, engine, retrial)
            accepted = sum(load.rows_accepted for load in loads)
            notes.append(f"{accepted} rows left quarantine because of that")
    failpoint("load committed")
    notes += _what_rejection_means(connection, staged, counts)
    discard(connection, staged)
    return Outcome(request, counts, notes=tuple(notes), left_out=staged.left_out)


def _what_rejection_means(
    connection: Connection, staged: Staged, counts: LoadCounts
) -> Iterator[str]:
    """Notes on a load whose rejected rows bear on more than themselves."""
    rejected = counts.rows_quarantined
    source = staged.load.table
    if rejected and source.replaces is not None and counts.rows_accepted:
        yield (
            f"{counts.source_file} replaces every ({', '.join(source.replaces)}) that it contains, "
            f"without its {rejected} rejected rows: fix these and load the whole file again"
        )
    if rejected > counts.rows_received / 2:
        row = connection.execute(
            "SELECT reasons[1] FROM raw.quarantine WHERE load_id = $load_id ORDER BY line LIMIT 1",
            {"load_id": counts.load_id},
        ).fetchone()
        yield (
            f"{rejected} of the {counts.rows_received} rows of {counts.source_file} were rejected; "
            f"the first because of {row[0] if row else 'nothing known'}"
        )


def _moved_start(
    connection: Connection, settings: Settings, staged: Staged, start: date | None
) -> date | None:
    """The start that the load moves to; None where it stays."""
    if start is None or settings.start_date is not None:
        return None
    years = years_of_load(connection, staged)
    if not any(year < start.year for year in years):
        return None
    earlier = moved(start, years_of_log(connection, staged.load.table), years)
    return earlier if earlier < start else None
