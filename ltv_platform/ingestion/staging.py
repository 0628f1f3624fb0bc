"""One file between its private copy and the log: opened, adapted, validated, its rows judged.

The rows wait in a temporary table of the staging connection, good and bad ones, with reasons.
Nothing here writes to the log.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from functools import partial
from pathlib import Path

import duckdb

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import column_list, literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters import Adapter, Dialect
from ltv_platform.ingestion.files import PrivateCopy
from ltv_platform.ingestion.readers import (
    Records,
    UnreliableReadError,
    confirm,
    damaged_parquet,
    open_file,
)
from ltv_platform.ingestion.start_date import Years
from ltv_platform.ingestion.validation import BEFORE_START, staging_select
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Load

Connection = duckdb.DuckDBPyConnection

#: Clocks of sources may run ahead of ours by so much.
_FUTURE_ALLOWED = timedelta(hours=24)
#: What the engine raises where a SELECT does not suit the records.
_FAULTS_OF_ADAPTERS = (
    duckdb.DataError,
    duckdb.ProgrammingError,
    duckdb.NotSupportedError,
    duckdb.PermissionException,
)
#: Columns and values that a message shows at the most.
_SHOWN = 30
_SHOWN_COUNTRIES = 5

#: Rows of quarantine that nothing but the start of the partitions keeps out.
ONLY_BEFORE_START = f"len(reasons) = 1 AND contains(reasons[1], '{BEFORE_START}')"
#: Records of quarantine that could not even be split into columns.
MALFORMED = "starts_with(reasons[1], 'record:')"


@dataclass(frozen=True)
class Incoming:
    """A copied file on its way to be staged.

    Attributes:
        source: The table that it is meant for.
        adapter: What maps its columns, if anything.
        copy: The private copy.
        load_id: What identifies the load.
        place: Its place among the files of the call.
    """

    source: SourceTable
    adapter: Adapter | None
    copy: PrivateCopy
    load_id: str
    place: int


@dataclass
class Staged:
    """Judged rows that wait to be appended.

    Attributes:
        load: The file.
        rows: Name of the temporary view of its rows.
        malformed: Name of the temporary table of the records that could not be split.
        start: The first partition that they were judged by.
        notes: What the user should know.
        adapted: What they were judged from, so that another start can judge them again.
    """

    load: Load
    rows: str
    malformed: str
    start: date | None
    notes: list[str]
    adapted: "Adapted"


@dataclass(frozen=True)
class Adapted:
    """A SELECT of rows that have the contract's columns; see ``validation.staging_select``.

    Attributes:
        select: The SELECT.
        columns: The columns that it gives.
        first_line: Number of the first row; None: it gives ``_line``.
        adapter: Name of the adapter that it goes through, for messages.
    """

    select: str
    columns: Sequence[str]
    first_line: int | None = None
    adapter: str | None = None


def confine(connection: Connection, settings: Settings, folders: Sequence[Path]) -> None:
    """From here on the engine reaches the warehouse and the given folders, and nothing else."""
    spill = str(settings.warehouse_path) + ".tmp"
    allowed = ", ".join(literal(f"{path}/") for path in (*folders, spill))
    connection.execute(f"SET temp_directory = {literal(spill)}")
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def stage(
    connection: Connection, settings: Settings, incoming: Incoming, start: date | None
) -> Staged:
    """Open a copied file and judge its rows.

    Args:
        connection: The staging connection.
        settings: For the zones and the clock.
        incoming: The file.
        start: First partition; None: not settled yet.

    Raises:
        UserError: the file as a whole cannot be loaded: it is empty, lacks a required column,
            or does not go through its adapter.
    """
    try:
        return _stage(connection, settings, incoming, start, by_hand=False)
    except UnreliableReadError:
        return _stage(connection, settings, incoming, start, by_hand=True)


def _stage(
    connection: Connection,
    settings: Settings,
    incoming: Incoming,
    start: date | None,
    *,
    by_hand: bool,
) -> Staged:
    source, adapter, copy = incoming.source, incoming.adapter, incoming.copy
    wanted = adapter.inputs if adapter else [column.name for column in source.columns]
    dialect = adapter.dialect if adapter else Dialect()
    records = open_file(connection, copy, dialect, wanted, by_hand=by_hand)
    received_at = settings.current_time().astimezone(UTC).replace(tzinfo=None)
    rows = f"staged_{incoming.place}"
    verdict = partial(
        judge,
        connection,
        source,
        settings=settings,
        received_at=received_at,
        start=start,
        rows=rows,
    )
    if adapter is None:
        notes = _compare_columns(source, records.columns, copy.name, adapter)
        adapted = _as_they_are(records)
        with _reading(copy):
            count = verdict(adapted)
        confirm(connection, records, count)
    else:
        count, notes, adapted = _adapt(connection, incoming, adapter, records)
        verdict(adapted)
    malformed = f"malformed_{incoming.place}"
    connection.execute(f"ALTER TABLE malformed RENAME TO {malformed}")
    if source.name == "customers" and "country" in adapted.columns:
        notes += _odd_countries(connection, rows)
    load = Load(
        load_id=incoming.load_id,
        table=source,
        source_file=copy.name,
        adapter=adapter.reference if adapter else None,
        rows_in_file=count + _count(connection, malformed),
        received_at=received_at,
    )
    return Staged(load, rows, malformed, start, notes, adapted)


def judge_again(
    connection: Connection, settings: Settings, staged: Staged, start: date | None
) -> None:
    """Judge staged rows by another start of the partitions, if that makes a difference."""
    load = staged.load
    if not load.table.partitioned or start == staged.start:
        return
    later = max(day for day in (start, staged.start) if day is not None)
    before = connection.execute(f"SELECT 1 FROM {staged.rows} WHERE _day < $1 LIMIT 1", [later])
    if before.fetchone() is not None:
        judge(
            connection,
            load.table,
            staged.adapted,
            settings,
            received_at=load.received_at,
            start=start,
            rows=staged.rows,
        )
    staged.start = start


@contextmanager
def _reading(copy: PrivateCopy) -> Iterator[None]:
    """Tells what it means when the engine cannot read on."""
    try:
        yield
    except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.IOException) as error:
        if copy.format == "parquet":
            raise damaged_parquet(copy.name, error) from error
        raise UnreliableReadError from error


def _as_they_are(records: Records) -> Adapted:
    """Records whose columns are the contract's."""
    columns = (*records.columns, *(() if records.first_line is not None else ("_line",)))
    select = f"SELECT *, {_record(records.columns)} FROM ({records.select}) AS records"
    return Adapted(select, columns, records.first_line)


def _record(columns: Sequence[str]) -> str:
    packed = ", ".join(f"{quoted(c)} := CAST({quoted(c)} AS VARCHAR)" for c in columns)
    return f"{f'struct_pack({packed})' if packed else 'NULL'} AS _record"


def _adapt(
    connection: Connection, incoming: Incoming, adapter: Adapter, records: Records
) -> tuple[int, list[str], Adapted]:
    """Put the records of a file through an adapter.

    Returns:
        How many records there are, notes, and the adapter's rows.

    Raises:
        UserError: the adapter does not suit the file.
        UnreliableReadError: the engine could not read the file.
    """
    source, copy, place = incoming.source, incoming.copy, incoming.place
    file = f"file_{place}"
    with _reading(copy):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE records_{place} AS {records.select}")
    count = _count(connection, f"records_{place}")
    confirm(connection, records, count)
    line = f"rowid + {records.first_line} AS _line, " if records.first_line is not None else ""
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {file} AS "
        f"SELECT *, {line}{literal(copy.name)} AS _file FROM records_{place}"
    )
    given = output_columns(connection, adapter, file, copy.name)
    notes = _compare_columns(source, given, copy.name, adapter)
    if adapter.replayable:
        select = adapter.select(file, _record(records.columns))
        return count, notes, Adapted(select, given, adapter=adapter.name)
    output = f"adapted_{place}"
    _materialize(connection, adapter, file, output, given, name=copy.name, records=count)
    kept = [column.name for column in source.columns if column.name in given]
    select = f"SELECT *, {_record(kept)} FROM {output}"
    return count, notes, Adapted(select, [*given, "_line"], adapter=adapter.name)


def _materialize(
    connection: Connection,
    adapter: Adapter,
    file: str,
    output: str,
    given: Sequence[str],
    *,
    name: str,
    records: int,
) -> None:
    """Make the adapter's output a table of its own.

    An adapter that looks at more than one record runs once: its output is what is judged and
    what quarantine keeps, even if a second run would come out differently.

    Raises:
        UserError: it fails, makes more rows than there are records, or numbers them badly.
    """
    # A join that explodes ends early; one row too many tells it.
    adapted = f"SELECT * FROM ({adapter.select(file)}) AS adapter LIMIT {records + 1}"
    if "_line" not in given:
        # The values decide the order, so that the same file gives the same numbers again.
        order = column_list(tuple(given))
        adapted = f"SELECT *, ROW_NUMBER() OVER (ORDER BY {order}) AS _line FROM ({adapted}) AS a"
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {output} AS {adapted}")
    except _FAULTS_OF_ADAPTERS as error:
        raise _does_not_go_through(connection, adapter.name, file, name, error) from error
    made, lines = connection.execute(
        f"SELECT COUNT(*), COUNT(DISTINCT TRY_CAST(_line AS BIGINT)) FROM {output}"
    ).fetchall()[0]
    if made > records:
        raise UserError(
            f"Adapter {adapter.name} makes more rows than the {records} records of {name}.",
            "An adapter may leave out or merge records, not multiply them.",
        )
    if lines < made:
        raise UserError(
            f"Adapter {adapter.name} gives several rows of {name} one _line, or none.",
            "Leave _line out, or let it be the number of one record, as in MIN(_line) AS _line.",
        )


def output_columns(connection: Connection, adapter: Adapter, file: str, name: str) -> list[str]:
    """The columns that an adapter makes of a relation.

    Raises:
        UserError: the adapter reads a column that the file does not have.
    """
    try:
        described = connection.execute(f"DESCRIBE {adapter.select(file)}").fetchall()
    except _FAULTS_OF_ADAPTERS as error:
        raise _does_not_go_through(connection, adapter.name, file, name, error) from error
    return [column for column, *_ in described]


def judge(
    connection: Connection,
    source: SourceTable,
    adapted: Adapted,
    settings: Settings,
    *,
    received_at: datetime,
    start: date | None,
    rows: str,
) -> int:
    """Create the temporary view ``rows`` of typed rows with their reasons; see ``validation``.

    Args:
        connection: The staging connection.
        source: The contract.
        adapted: The rows as text.
        settings: For the zones.
        received_at: When the file was received (UTC).
        start: First partition; None: not settled yet.
        rows: Name of the new view.

    Returns:
        How many rows there are, good and bad.

    Raises:
        UserError: the adapter fails on the records.
    """
    select = staging_select(source, adapted.columns, adapted.select, settings, start)
    latest = {"latest": received_at + _FUTURE_ALLOWED} if "$latest" in select else {}
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE judged_{rows} AS {select}", latest)
    except _FAULTS_OF_ADAPTERS as error:
        if adapted.adapter is None:
            raise
        raise UserError(
            f"A record does not go through adapter {adapted.adapter}: {str(error).splitlines()[0]}",
            "Mend the adapter or the file.",
        ) from error
    # Rows stand in the table as they do in the file, so their place tells their number.
    line = f", rowid + {adapted.first_line} AS _line" if adapted.first_line is not None else ""
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {rows} AS SELECT *{line} FROM judged_{rows}")
    return _count(connection, f"judged_{rows}")


def discard(connection: Connection, staged: Staged) -> None:
    """Free what an appended file held."""
    place = staged.rows.removeprefix("staged_")
    connection.execute(f"DROP VIEW {staged.rows}")
    for table in (f"judged_{staged.rows}", staged.malformed):
        connection.execute(f"DROP TABLE {table}")
    connection.execute(f"DROP VIEW IF EXISTS file_{place}")
    for table in (f"records_{place}", f"adapted_{place}"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")


def collect_rejected(connection: Connection, staged: Staged) -> str:
    """Create a temporary table of what goes to quarantine (line, reasons, raw); its name."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE rejected AS "
        f"SELECT _line AS line, _reasons AS reasons, _raw AS raw FROM {staged.rows} "
        "WHERE _reasons IS NOT NULL "
        f"UNION ALL SELECT line, [reason], raw FROM {staged.malformed}"
    )
    return "rejected"


def years_of_load(connection: Connection, staged: Staged) -> Years:
    """Good rows per year of a file, those included that only the start keeps out."""
    if not staged.load.table.partitioned:
        return {}
    good = f"_reasons IS NULL OR ({ONLY_BEFORE_START.replace('reasons', '_reasons')})"
    counted: list[tuple[int, int]] = connection.execute(
        f"SELECT CAST(year(_day) AS INTEGER), COUNT(*) FROM {staged.rows} "
        f"WHERE _day IS NOT NULL AND ({good}) GROUP BY ALL"
    ).fetchall()
    return dict(counted)


def years_of_log(connection: Connection, source: SourceTable) -> Years:
    """Good rows per year: those of the log, and those that only the start keeps out."""
    counted: list[tuple[int, int]] = connection.execute(
        "SELECT year, COUNT(*) FROM ("
        f"SELECT CAST(year({quoted(str(source.event_time))}) AS INTEGER) AS year "
        f"FROM raw.{source.name} UNION ALL "
        rf"SELECT CAST(regexp_extract(reasons[1], '(\d+)-\d\d-\d\d {BEFORE_START}', 1) AS INTEGER)"
        " FROM raw.quarantine WHERE table_name = $table AND replayed_at IS NULL "
        f"AND {ONLY_BEFORE_START}) AS years GROUP BY year",
        {"table": source.name},
    ).fetchall()
    return dict(counted)


def _does_not_go_through(
    connection: Connection, adapter: str, file: str, name: str, error: Exception
) -> UserError:
    columns = [row[0] for row in connection.execute(f"DESCRIBE {file}").fetchall()]
    return UserError(
        f"{name} does not go through adapter {adapter}: {str(error).splitlines()[0]}",
        f"The file has the columns {_some(columns)}; mend the adapter or the file.",
    )


def _compare_columns(
    source: SourceTable, given: Sequence[str], name: str, adapter: Adapter | None
) -> list[str]:
    """Notes about columns left out.

    Raises:
        UserError: a required column is missing.
    """
    wanted = [column.name for column in source.columns]
    own = [column for column in given if column not in ("_line", "_file")]
    missing = [c.name for c in source.columns if c.required and c.name not in given]
    origin = f"{name} through adapter {adapter.name}" if adapter else name
    if missing:
        near = {ours: get_close_matches(ours, own, n=1) for ours in missing}
        raise UserError(
            f"{origin} lacks {', '.join(missing)}, required for {source.name}. "
            f"It has {_some(own)}."
            + "".join(
                f" Is {theirs[0]} meant to be {ours}?" for ours, theirs in near.items() if theirs
            ),
            "Rename the columns, or map them with an adapter: "
            f"`ltv ingest {source.name} FILE --adapter FILE.sql`.",
        )
    unknown = [column for column in own if column not in wanted]
    return [f"{origin}: unknown columns left out: {_some(unknown)}"] if unknown else []


def _some(names: Sequence[str], most: int = _SHOWN) -> str:
    """Names for a message; a file can have thousands of them, each a page long."""
    shown = [name if len(name) <= _SHOWN else name[:_SHOWN] + "…" for name in names[:most]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _odd_countries(connection: Connection, rows: str) -> list[str]:
    """A note about countries that are no ISO code: they are kept as given."""
    found = connection.execute(
        f"SELECT country, COUNT(*) FROM {rows} WHERE _reasons IS NULL "
        "AND (NOT regexp_full_match(country, '[A-Z]{2}') OR country = 'UK') "
        "GROUP BY country ORDER BY COUNT(*) DESC, country"
    ).fetchall()
    if not found:
        return []
    return [
        f"country: {sum(count for _, count in found)} rows hold no ISO 3166-1 alpha-2 code: "
        f"{_some([country for country, _ in found], _SHOWN_COUNTRIES)}; kept as given"
    ]


def _count(connection: Connection, table: str) -> int:
    return int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchall()[0][0])
