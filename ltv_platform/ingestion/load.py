"""One call from files to the log: copy, stage, settle the start, append.

Each file is a separate load: it is loaded whole or not at all, and a file that was loaded
before changes nothing.
"""

import json
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from pathlib import Path

from ltv_platform.errors import UserError
from ltv_platform.failpoints import failpoint
from ltv_platform.ingestion.adapters.confinement import Connection, confine
from ltv_platform.ingestion.files.private_copy import (
    check_regular,
    file_format,
    is_events,
    printable,
)
from ltv_platform.ingestion.files.sqlite_schema import check_schema
from ltv_platform.ingestion.files.sqlite_tables import (
    copy_sqlite,
    refuse_script,
    sqlite_columns,
    sqlite_tables,
)
from ltv_platform.ingestion.quarantine.replaying import append_retrial, retry
from ltv_platform.ingestion.quarantine.settling import settle_quarantine
from ltv_platform.ingestion.requests import Outcome, Progress, Request, silent
from ltv_platform.ingestion.restated_money import notes_on_money
from ltv_platform.ingestion.rows.staging import (
    Incoming,
    Staged,
    collect_rejected,
    discard,
    judge_again,
    stage,
    years_of_load,
    years_of_log,
)
from ltv_platform.ingestion.rows.start_date import cover_log, moved, read_start, settle, write_start
from ltv_platform.ingestion.rows.validation import ONLY_BEFORE_START
from ltv_platform.ingestion.suppression.keys import remember_keys
from ltv_platform.ingestion.taking import take_in
from ltv_platform.locks import temporary_folder
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Judged, LoadCounts, Loader, Reader
from ltv_platform.warehouse.loads import known_load

#: Seconds after which others may use the warehouse between two files.
_TURN = 5.0
#: From this many bytes on, a file is copied before the warehouse is opened.
_LARGE = 4 << 20

__all__ = ["Outcome", "Request", "ingest", "ingest_each", "sqlite_requests"]


def ingest(
    engine: Loader, requests: Sequence[Request], progress: Progress = silent
) -> list[Outcome]:
    """Load files, each whole or not at all.

    Args:
        engine: The warehouse.
        requests: The files. Until the start of the partitions is settled, all of them are
            validated before the first is appended, because all of them settle it.
        progress: Called with each step.

    Returns:
        The outcomes in the order of the requests: one for each, or one per table if an adapter
        feeds several.
    """
    return [outcome for file in ingest_each(engine, requests, progress) for outcome in file]


def ingest_each(
    engine: Loader, requests: Sequence[Request], progress: Progress = silent
) -> Iterator[tuple[Outcome, ...]]:
    """Like :func:`ingest`, but yield the outcomes of each request soon after it is loaded."""
    if read_start(engine.settings) is None:
        yield from _ingest_together(engine, requests, progress)
        return
    left = list(requests)
    while left:
        outcomes = _ingest_in_turn(engine, left, progress)
        left = left[len(outcomes) :]
        yield from outcomes


def _ingest_together(
    engine: Loader, requests: Sequence[Request], progress: Progress
) -> list[tuple[Outcome, ...]]:
    """Load files that settle the start: all are staged before the first is appended."""
    with staging_folder(engine.settings) as folder:
        taken = list(_taken(engine, requests, folder, progress))
        with warehouse_of(engine, folder) as connection:
            files = [_staged(connection, engine, file, progress) for file in taken]
            waiting = [each for file in files for each in file if isinstance(each, Staged)]
            try:
                _settle_start(connection, engine, waiting)
            except UserError as error:
                return [tuple(_refused(each, error) for each in file) for file in files]
            left_out = any(staged.left_out for staged in waiting)
            outcomes = []
            for file in files:
                of_file = []
                for each in file:
                    current = each
                    if left_out and isinstance(each, Staged) and each.load.table.person_source:
                        # Rows it refers to may have been left out since it was staged.
                        discard(connection, each)
                        [current] = _staged(connection, engine, [each.incoming], progress)
                    of_file.append(_appended(connection, engine, current, progress))
                outcomes.append(tuple(of_file))
            return outcomes


def _refused(file: Staged | Outcome, error: UserError) -> Outcome:
    return file if isinstance(file, Outcome) else Outcome(file.incoming.request, error=error)


def _ingest_in_turn(
    engine: Loader, requests: Sequence[Request], progress: Progress
) -> list[tuple[Outcome, ...]]:
    """Load the first files one by one on one connection, until others want it.

    Opening the warehouse takes as long as loading a small file.
    """
    with staging_folder(engine.settings) as folder:
        taken = _taken(engine, requests, folder, progress)
        file = next(taken)
        outcomes = []
        with warehouse_of(engine, folder) as connection:
            until = time.monotonic() + _TURN
            for following in (*requests[1:], None):
                staged = _staged(connection, engine, file, progress)
                _settle_start(connection, engine, [s for s in staged if isinstance(s, Staged)])
                outcomes.append(
                    tuple(_appended(connection, engine, each, progress) for each in staged)
                )
                if isinstance(file, list):
                    shutil.rmtree(file[0].file.copy.path.parent)
                # Do not hold the warehouse while a large file is copied.
                if following is None or time.monotonic() > until or _is_large(following.path):
                    break
                file = next(taken)
        return outcomes


def _is_large(path: Path) -> bool:
    try:
        return path.stat().st_size >= _LARGE
    except OSError:  # taking it in reports the error
        return False


@contextmanager
def warehouse_of(engine: Loader, folder: Path) -> Iterator[Connection]:
    """A connection to the warehouse that can read the copies in a folder, and no other file."""
    failpoint("private copies taken")
    with engine.judging() as connection:
        confine(connection, folders=[folder])
        yield connection


def _taken(
    engine: Loader, requests: Iterable[Request], folder: Path, progress: Progress
) -> Iterator[list[Incoming] | Outcome]:
    """Yield private copies of files one by one, or the outcome if there is an error."""
    for number, request in enumerate(requests):
        progress(f"reading {printable(request.path.name)}")
        try:
            yield take_in(engine, request, folder / str(number))
        except UserError as error:
            shutil.rmtree(folder / str(number), ignore_errors=True)  # a partial copy
            yield Outcome(request, error=error)


def _staged(
    connection: Connection,
    engine: Loader,
    file: list[Incoming] | Outcome,
    progress: Progress,
) -> list[Staged | Outcome]:
    """Judge the rows of a copied file, table by table, or return why it will not be appended."""
    if isinstance(file, Outcome):
        return [file]
    staged: list[Staged | Outcome] = []
    for incoming in file:
        if known := known_load(engine, incoming.load_id):
            staged.append(Outcome(incoming.request, known, repeated=True))
            continue
        progress(f"validating {incoming.file.copy.name}")
        start = read_start(engine.settings)
        try:
            staged.append(stage(connection, engine, incoming, start))
        except UserError as error:
            # An error in a file affects all tables that it feeds.
            kept = [each for each in staged if isinstance(each, Outcome)]
            return [*kept, Outcome(incoming.request, error=error)]
    return staged


def _appended(
    connection: Connection,
    engine: Loader,
    file: Staged | Outcome,
    progress: Progress,
) -> Outcome:
    """Append a staged file; an outcome from an earlier step is returned unchanged."""
    if isinstance(file, Outcome):
        return file
    progress(f"appending {file.load.source_file}")
    try:
        return _append(connection, engine, file)
    except UserError as error:
        return Outcome(file.incoming.request, error=error)


def staging_folder(settings: Settings) -> AbstractContextManager[Path]:
    """A folder for private copies; leftovers of killed processes are removed."""
    settings.home.mkdir(parents=True, exist_ok=True)
    return temporary_folder(settings.home, "staging_")


def sqlite_requests(engine: Loader, database: Path) -> list[Request]:
    """One request for each source table in a SQLite database.

    Raises:
        UserError: the file is not a SQLite database, or has no source table, or one of the wrong
            shape; nothing is loaded then.
    """
    check_regular(database)
    if database.suffix.lower() == ".sql":
        refuse_script(database, str(database))
    if file_format(database) != "sqlite":
        raise UserError(
            f"{database} does not have the extension of a SQLite database.", "Use .db or .sqlite."
        )
    with staging_folder(engine.settings) as folder:
        copy = copy_sqlite(database, folder)
        tables = sqlite_tables(copy, engine.settings)
        known = [table for table in engine.catalog.sources if table in tables]
        if not known:
            raise UserError(
                f"{database} contains none of the source tables; it has "
                f"{', '.join(tables) or 'none'}.",
                f"Looked for {', '.join(engine.catalog.sources)}.",
            )
        declared = sqlite_columns(copy, engine.settings, known)
    check_schema(str(database), tables, declared, engine.catalog.sources)
    return [Request(table, database) for table in known]


def _settle_start(connection: Connection, engine: Loader, waiting: Iterable[Staged]) -> None:
    """Settle the start from all files of the call, and from rows loaded under a fixed start."""
    failpoint("files staged")
    if read_start(engine.settings) is None:
        logged = [
            years_of_log(engine, source)
            for source in engine.catalog.sources.values()
            if source.partitioned
        ]
        start = settle([*logged, *(years_of_load(connection, staged) for staged in waiting)])
        if start is not None:
            write_start(engine.settings, start)
            failpoint("start settled")
    cover_log(engine)


def _append(connection: Connection, engine: Loader, staged: Staged) -> Outcome:
    """Append a staged file; if it moves the start, load rows that only the old one kept out."""
    settings, request = engine.settings, staged.incoming.request
    # The same content may occur twice in one call.
    if known := known_load(engine, staged.load.load_id):
        return Outcome(request, known, repeated=True)
    notes = list(staged.notes)
    start = read_start(settings)
    earlier = _moved_start(connection, engine, staged, start)
    retrial = None
    if earlier is not None:
        # If the load fails after this, the moved start does no harm: it is never too early.
        write_start(settings, earlier)
        failpoint("start moved")
        notes.append(f"partitions now start on {earlier} instead of {start}")
        start = earlier
        retrial = retry(connection, engine, staged.folder, only=ONLY_BEFORE_START)
        notes += retrial.notes
    judge_again(connection, engine, staged, start)
    with engine.transaction() as transaction:
        rejected = collect_rejected(connection, staged)
        judged = Judged(connection, staged.rows, rejected)
        counts = transaction.append(staged.load, judged)
        settled = settle_quarantine(engine, transaction, staged.load, judged)
        if staged.left_out:
            remember_keys(transaction, settings, staged.load, judged)
        failpoint("load appended, not committed")
        if retrial is not None and retrial.passed:
            loads = append_retrial(connection, transaction, retrial)
            accepted = sum(load.rows_accepted for load in loads)
            notes.append(f"{accepted} rows left quarantine because of that")
    failpoint("load committed")
    notes += staged.judged_notes
    if settled:
        notes.append(f"rejected rows of earlier loads settled by this load: {settled}")
    notes += notes_on_money(engine, counts)
    notes += _what_rejection_means(engine, staged, counts)
    discard(connection, staged)
    return Outcome(request, counts, notes=tuple(notes), left_out=staged.left_out)


def _what_rejection_means(reader: Reader, staged: Staged, counts: LoadCounts) -> Iterator[str]:
    """Notes on a load: changed values, and the consequences of its rejected rows."""
    rejected = counts.rows_quarantined
    source = staged.load.table
    if counts.attributes_unread:
        unread: dict[str, int] = json.loads(counts.attributes_unread)
        columns = ", ".join(f"{column} ({rows})" for column, rows in unread.items())
        yield f"unreadable attributes left empty: {columns}; their rows are loaded"
    if counts.rounded:
        yield f"{counts.rounded} numbers had more decimals than their column holds and were rounded"
    by_file = not is_events(counts.source_file)
    if rejected and by_file and source.replaces is not None and counts.rows_accepted:
        yield (
            f"{counts.source_file} replaces every ({', '.join(source.replaces)}) that it contains, "
            f"without its {rejected} rejected rows: fix these and load the whole file again"
        )
    if rejected > counts.rows_received / 2:
        found = reader.rows(
            "SELECT reasons[1] FROM raw.quarantine WHERE load_id = $load_id ORDER BY line LIMIT 1",
            {"load_id": counts.load_id},
        )
        yield (
            f"{rejected} of the {counts.rows_received} rows of {counts.source_file} were "
            f"rejected; the first: {found[0][0] if found else 'unknown reason'}"
        )


def _moved_start(
    connection: Connection, reader: Reader, staged: Staged, start: date | None
) -> date | None:
    """The start that the load moves to; None if it stays."""
    if start is None or reader.settings.start_date is not None:
        return None
    years = years_of_load(connection, staged)
    if not any(year < start.year for year in years):
        return None
    earlier = moved(start, years_of_log(reader, staged.load.table), years)
    return earlier if earlier < start else None
