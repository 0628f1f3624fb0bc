"""One call from files to the log: copy, read, adapt, validate, settle the start, append.

Each file is a load of its own: it enters whole or not at all, and a file that was loaded
before changes nothing.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from difflib import get_close_matches
from pathlib import Path

import duckdb

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters import Adapter, Dialect, load_adapter
from ltv_platform.ingestion.files import (
    PrivateCopy,
    export_sqlite_table,
    file_format,
    sqlite_tables,
    take_copy,
)
from ltv_platform.ingestion.readers import open_file
from ltv_platform.ingestion.start_date import Years, moved, read_start, settle, write_start
from ltv_platform.ingestion.validation import staging_select
from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine
from ltv_platform.warehouse.engine import Load, LoadCounts
from ltv_platform.warehouse.raw_log import append_load, known_load

#: Clocks of sources may run ahead of ours by so much.
_FUTURE_ALLOWED = timedelta(hours=24)


@dataclass(frozen=True)
class Request:
    """A file to load into a source table.

    Attributes:
        table: Name of the source table.
        path: The file; a SQLite database gives the table of that name.
        adapter: Name or path of an adapter, if the file has other columns.
    """

    table: str
    path: Path
    adapter: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a request.

    Attributes:
        request: The request.
        counts: The row of ``loads``; None where the file was rejected.
        repeated: The file was loaded before, nothing changed.
        notes: What the user should know (unknown columns, a moved start).
        error: Why the file was rejected.
    """

    request: Request
    counts: LoadCounts | None = None
    repeated: bool = False
    notes: tuple[str, ...] = ()
    error: UserError | None = None


@dataclass
class _Staged:
    """A file between validation and commit; its rows wait in a temporary table."""

    request: Request
    load: Load
    table: str
    malformed: str
    years: Years
    notes: list[str] = field(default_factory=list)


Progress = Callable[[str], None]


def silent(_: str) -> None: ...


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
    groups = [list(requests)] if together else [[request] for request in requests]
    return [outcome for group in groups for outcome in _ingest_group(engine, group, progress)]


def _ingest_group(
    engine: DuckDBEngine, requests: Sequence[Request], progress: Progress
) -> Iterator[Outcome]:
    settings = engine.settings
    outcomes: dict[int, Outcome] = {}
    with ExitStack() as stack:
        folder = stack.enter_context(_staging_folder(settings))
        copies: dict[int, tuple[Request, SourceTable, Adapter | None, PrivateCopy]] = {}
        for place, request in enumerate(requests):
            progress(f"reading {request.path.name}")
            try:
                source = _source(engine, request.table)
                adapter = load_adapter(request.adapter, source.name) if request.adapter else None
                copies[place] = (request, source, adapter, _private_copy(request, folder))
            except UserError as error:
                outcomes[place] = Outcome(request, error=error)
        connection = stack.enter_context(engine.session())
        _lock_in(connection, [copy.path for *_, copy in copies.values()], settings)
        waiting: dict[int, _Staged] = {}
        for place, (request, source, adapter, copy) in copies.items():
            load_id = _load_id(source, adapter, copy)
            if known := known_load(connection, load_id):
                outcomes[place] = Outcome(request, known, repeated=True)
                continue
            progress(f"validating {copy.name}")
            try:
                waiting[place] = _stage(
                    connection, settings, request, source, adapter, copy, load_id, place
                )
            except UserError as error:
                outcomes[place] = Outcome(request, error=error)
        _settle_start(settings, [staged.years for staged in waiting.values()])
        for place, staged in waiting.items():
            progress(f"appending {staged.load.source_file}")
            outcomes[place] = _append(connection, settings, staged)
    yield from (outcomes[place] for place in sorted(outcomes))


def _source(engine: DuckDBEngine, table: str) -> SourceTable:
    sources = engine.catalog.sources
    if table in sources:
        return sources[table]
    near = get_close_matches(table, sources, n=1)
    raise UserError(
        f"There is no source table {table!r}.",
        (f"Did you mean {near[0]}? " if near else "") + f"There are: {', '.join(sources)}.",
    )


@contextmanager
def _staging_folder(settings: Settings) -> Iterator[Path]:
    settings.home.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="staging_", dir=settings.home))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _private_copy(request: Request, folder: Path) -> PrivateCopy:
    copy = take_copy(request.path, folder)
    if copy.format != "sqlite":
        return copy
    tables = sqlite_tables(copy.path)
    if request.table not in tables:
        raise UserError(
            f"{request.path} has no table {request.table}; it has {', '.join(tables) or 'none'}.",
            "Rename the table in the database, or export it and use an adapter.",
        )
    target = copy.path.with_name(f"{copy.path.stem}_{request.table}.parquet")
    content_hash = export_sqlite_table(copy.path, request.table, target)
    copy.path.unlink()
    return PrivateCopy(target, copy.name, "parquet", content_hash)


def sqlite_requests(engine: DuckDBEngine, database: Path) -> list[Request]:
    """A request for each source table that a SQLite database holds.

    Raises:
        UserError: it is no SQLite database, or holds none of the source tables.
    """
    if file_format(database) != "sqlite":
        raise UserError(f"{database} has no ending of a SQLite database.", "Use .db or .sqlite.")
    with _staging_folder(engine.settings) as folder:
        tables = sqlite_tables(take_copy(database, folder).path)
    known = [table for table in engine.catalog.sources if table in tables]
    if not known:
        raise UserError(
            f"{database} holds none of the source tables; it has {', '.join(tables) or 'none'}.",
            f"Looked for {', '.join(engine.catalog.sources)}.",
        )
    return [Request(table, database) for table in known]


def _lock_in(
    connection: duckdb.DuckDBPyConnection, copies: Sequence[Path], settings: Settings
) -> None:
    """From here on the engine reads the private copies and the warehouse, and nothing else."""
    allowed = ", ".join(literal(str(path)) for path in copies)
    spill = literal(str(settings.warehouse_path) + ".tmp")
    connection.execute(f"SET temp_directory = {spill}")
    connection.execute(f"SET allowed_paths = [{allowed}]")
    connection.execute(f"SET allowed_directories = [{spill}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _load_id(source: SourceTable, adapter: Adapter | None, copy: PrivateCopy) -> str:
    parts = (source.name, adapter.text if adapter else "", copy.content_hash)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _stage(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    request: Request,
    source: SourceTable,
    adapter: Adapter | None,
    copy: PrivateCopy,
    load_id: str,
    place: int,
) -> _Staged:
    names = [column.name for column in source.columns]
    reader = open_file(connection, copy, adapter.dialect if adapter else Dialect(), names)
    given = adapter.columns if adapter else reader.columns
    notes = _compare_columns(source, given, request, adapter)
    adapted = adapter.select() if adapter else "SELECT * FROM file"
    if adapter and not adapter.row_wise and "_line" not in adapter.columns:
        adapted = f"SELECT *, ROW_NUMBER() OVER () AS _line FROM ({adapted}) AS adapted_rows"
    received_at = settings.current_time().astimezone(UTC).replace(tzinfo=None)
    staged = f"staged_{place}"
    try:
        connection.execute(
            f"CREATE TEMP TABLE {staged} AS {staging_select(source, given, adapted, settings)}",
            {"latest": received_at + _FUTURE_ALLOWED} if source.event_time else {},
        )
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ConversionException) as error:
        raise UserError(
            f"{copy.name} does not go through "
            + (f"adapter {adapter.name}: " if adapter else "the reader: ")
            + str(error).splitlines()[0],
            f"The file has the columns {', '.join(reader.columns)}.",
        ) from error
    if adapter is None or adapter.replayable:
        _keep_input_records(connection, staged)
    malformed_count = reader.settle_lines(connection, staged)
    malformed = f"malformed_{place}"
    connection.execute(f"CREATE TEMP TABLE {malformed} AS SELECT * FROM malformed")
    well_formed = _one(connection, "SELECT COUNT(*) FROM file")
    received = _one(connection, f"SELECT COUNT(*) FROM {staged}")
    if received > well_formed:
        raise UserError(
            f"Adapter {adapter.name if adapter else ''} makes {received} rows of the "
            f"{well_formed} records of {copy.name}.",
            "An adapter may leave out or merge records, not multiply them.",
        )
    years = dict(
        connection.execute(
            f"SELECT CAST(year(_day) AS INTEGER), COUNT(*) FROM {staged} "
            "WHERE _reasons IS NULL AND _day IS NOT NULL GROUP BY ALL"
        ).fetchall()
    )
    load = Load(
        load_id=load_id,
        table=source,
        source_file=copy.name,
        adapter=adapter.name if adapter else None,
        rows_in_file=well_formed + malformed_count,
        received_at=received_at,
    )
    return _Staged(
        request, load, staged, malformed, years if source.partitioned else {}, notes
    )


def _keep_input_records(connection: duckdb.DuckDBPyConnection, staged: str) -> None:
    """Keep of each rejected row the record as the file had it, all of its columns."""
    if _one(connection, f"SELECT COUNT(*) FROM {staged} WHERE _reasons IS NOT NULL") == 0:
        return
    columns = [
        name
        for name, *_ in connection.execute("DESCRIBE file").fetchall()
        if name not in ("_line", "_file")
    ]
    packed = ", ".join(f"{quoted(name)} := {quoted(name)}" for name in columns)
    connection.execute(
        f"UPDATE {staged} SET _raw = records.record FROM ("
        f"SELECT _line AS place, CAST(to_json(struct_pack({packed})) AS VARCHAR) AS record "
        f"FROM file) AS records WHERE records.place = {staged}._line "
        f"AND {staged}._reasons IS NOT NULL"
    )


def _compare_columns(
    source: SourceTable, given: Sequence[str], request: Request, adapter: Adapter | None
) -> list[str]:
    wanted = [column.name for column in source.columns]
    missing = [c.name for c in source.columns if c.required and c.name not in given]
    if missing:
        near = {
            name: close[0] for name in missing if (close := get_close_matches(name, given, n=1))
        }
        raise UserError(
            f"{request.path} lacks {', '.join(missing)}, required for {source.name}. "
            f"It has {', '.join(given)}."
            + "".join(f" Is {theirs} meant to be {ours}?" for ours, theirs in near.items()),
            "Rename the columns, or map them with an adapter: "
            f"`ltv ingest {source.name} FILE --adapter FILE.sql` (see CONTRIBUTING.md).",
        )
    unknown = [name for name in given if name not in wanted and name not in ("_line", "_file")]
    origin = f"adapter {adapter.name}" if adapter else request.path.name
    return [f"{origin}: unknown columns left out: {', '.join(unknown)}"] if unknown else []


def _settle_start(settings: Settings, tables: Sequence[Years]) -> None:
    if read_start(settings) is None and (start := settle(tables)):
        write_start(settings, start)


def _append(
    connection: duckdb.DuckDBPyConnection, settings: Settings, staged: _Staged
) -> Outcome:
    start = read_start(settings)
    if start and settings.start_date is None and any(year < start.year for year in staged.years):
        earlier = moved(start, _years_of_log(connection, staged.load.table, start), staged.years)
        if earlier < start:
            write_start(settings, earlier)
            staged.notes.append(f"the partitions now start on {earlier} instead of {start}")
            start = earlier
    connection.execute(f"CREATE OR REPLACE TEMP TABLE malformed AS FROM {staged.malformed}")
    counts = append_load(connection, staged.load, staged.table, start, settings)
    connection.execute(f"DROP TABLE {staged.table}")
    return Outcome(staged.request, counts, notes=tuple(staged.notes))


def _years_of_log(
    connection: duckdb.DuckDBPyConnection, source: SourceTable, start: date
) -> Years:
    """Rows per year, those that were quarantined for lying before the start counted in."""
    years: dict[int, int] = dict(
        connection.execute(
            f"SELECT CAST(year({quoted(str(source.event_time))}) AS INTEGER), COUNT(*) "
            f"FROM raw.{source.name} GROUP BY ALL"
        ).fetchall()
    )
    before = _one(
        connection,
        "SELECT COUNT(*) FROM raw.quarantine WHERE table_name = $table AND replayed_at IS NULL "
        "AND len(list_filter(reasons, lambda reason: "
        "contains(reason, 'lies before the first partition'))) > 0",
        {"table": source.name},
    )
    years[start.year - 1] = years.get(start.year - 1, 0) + before
    return years


def _one(
    connection: duckdb.DuckDBPyConnection, sql: str, values: dict[str, str] | None = None
) -> int:
    row = connection.execute(sql, values or {}).fetchone()
    assert row is not None
    return int(row[0])
