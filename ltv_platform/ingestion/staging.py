"""One file between its private copy and the log: opened, adapted, validated, its rows judged.

The rows wait in a temporary table of the staging connection, good and bad ones, with reasons.
Nothing here writes to the log.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path

import duckdb

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import column_list, literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters import Adapter, Dialect
from ltv_platform.ingestion.files import PrivateCopy
from ltv_platform.ingestion.readers import open_file
from ltv_platform.ingestion.start_date import Years
from ltv_platform.ingestion.time_limit import time_limit
from ltv_platform.ingestion.validation import dating_column, staging_select
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Load

Connection = duckdb.DuckDBPyConnection

#: Clocks of sources may run ahead of ours by so much.
_FUTURE_ALLOWED = timedelta(hours=24)
#: What comes where a SELECT does not suit the records, or asks for too much.
_FAULTS_OF_ADAPTERS = (
    duckdb.DataError,
    duckdb.ProgrammingError,
    duckdb.NotSupportedError,
    duckdb.PermissionException,
    TimeoutError,
)
#: Columns and values that a message shows at the most.
_SHOWN = 30
_SHOWN_COUNTRIES = 5

_BEFORE_START = "lies before the first partition"
#: Rows of quarantine that nothing but the start of the partitions keeps out.
ONLY_BEFORE_START = f"len(reasons) = 1 AND contains(reasons[1], '{_BEFORE_START}')"
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
        rows: Name of the temporary table of its rows.
        origin: Name of the temporary table of what they were made of: the file's records, or
            the output of an adapter that looks at more than one record at a time.
        raw_columns: The columns of ``origin`` that quarantine keeps.
        malformed: Name of the temporary table of the records that could not be split.
        years: Good rows per year; none for sources without partitions.
        notes: What the user should know.
    """

    load: Load
    rows: str
    origin: str
    raw_columns: tuple[str, ...]
    malformed: str
    years: Years
    notes: list[str] = field(default_factory=list)


def confine(connection: Connection, settings: Settings, folders: Sequence[Path]) -> None:
    """From here on the engine reaches the warehouse and the given folders, and nothing else."""
    spill = str(settings.warehouse_path) + ".tmp"
    allowed = ", ".join(literal(f"{path}/") for path in (*folders, spill))
    connection.execute(f"SET temp_directory = {literal(spill)}")
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def stage(connection: Connection, settings: Settings, incoming: Incoming) -> Staged:
    """Open a copied file and judge its rows.

    Raises:
        UserError: the file as a whole cannot be loaded: it is empty, lacks a required column,
            or does not go through its adapter.
    """
    source, adapter, copy = incoming.source, incoming.adapter, incoming.copy
    wanted = adapter.inputs if adapter else [column.name for column in source.columns]
    try:
        opened = open_file(
            connection,
            copy,
            adapter.dialect if adapter else Dialect(),
            wanted,
            # An adapter may take lists and objects apart.
            single=() if adapter else wanted,
        )
    except duckdb.OutOfMemoryException as error:
        raise _too_large(copy.name) from error
    origin, rows, malformed = (
        f"{what}_{incoming.place}" for what in ("origin", "staged", "malformed")
    )
    with _faults_of(adapter, connection, settings, copy.name):
        given = _output_columns(connection, adapter)
    notes = _compare_columns(source, given, copy.name, adapter)
    raw_columns = opened.columns
    if adapter is not None and not adapter.replayable:
        with _faults_of(adapter, connection, settings, copy.name):
            _materialize(connection, adapter, given, copy.name, opened.records)
        adapter_left = None
        raw_columns = tuple(column.name for column in source.columns if column.name in given)
    else:
        adapter_left = adapter
    received_at = settings.current_time().astimezone(UTC).replace(tzinfo=None)
    judge(connection, source, adapter_left, settings, received_at=received_at, rows=rows)
    connection.execute(f"ALTER TABLE file RENAME TO {origin}")
    connection.execute(f"ALTER TABLE malformed RENAME TO {malformed}")
    if source.name == "customers" and "country" in given:
        notes += _odd_countries(connection, rows)
    years = dict(
        connection.execute(
            f"SELECT CAST(year(_day) AS INTEGER), COUNT(*) FROM {rows} "
            "WHERE _reasons IS NULL AND _day IS NOT NULL GROUP BY ALL"
        ).fetchall()
    )
    load = Load(
        load_id=incoming.load_id,
        table=source,
        source_file=copy.name,
        adapter=adapter.reference if adapter else None,
        rows_in_file=opened.records + opened.malformed,
        received_at=received_at,
    )
    years = years if source.partitioned else {}
    return Staged(load, rows, origin, raw_columns, malformed, years, notes)


def _materialize(
    connection: Connection, adapter: Adapter, given: Sequence[str], name: str, records: int
) -> None:
    """Put the adapter's output in the place of ``file``.

    An adapter that looks at more than one record runs once: its output is what is judged and
    what quarantine keeps, even if a second run would come out differently.

    Raises:
        UserError: it makes more rows than there are records, or numbers them badly.
    """
    # A join that explodes ends early; one row too many tells it.
    adapted = f"SELECT * FROM ({adapter.select()}) AS adapter LIMIT {records + 1}"
    if "_line" not in given:
        # The values decide the order, so that the same file gives the same numbers again.
        order = column_list(tuple(given))
        adapted = f"SELECT *, ROW_NUMBER() OVER (ORDER BY {order}) AS _line FROM ({adapted}) AS a"
    connection.execute(f"CREATE TEMP TABLE adapted AS {adapted}")
    connection.execute("DROP TABLE file")
    connection.execute("ALTER TABLE adapted RENAME TO file")
    made, lines = connection.execute(
        "SELECT COUNT(*), COUNT(DISTINCT TRY_CAST(_line AS BIGINT)) FROM file"
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


def _output_columns(connection: Connection, adapter: Adapter | None) -> list[str]:
    """The columns that come out of ``file``, through its adapter if it has one."""
    described = connection.execute(f"DESCRIBE {_adapted(adapter)}").fetchall()
    return [column for column, *_ in described]


def judge(
    connection: Connection,
    source: SourceTable,
    adapter: Adapter | None,
    settings: Settings,
    *,
    received_at: datetime,
    rows: str,
) -> None:
    """Create the temporary table ``rows`` of the typed rows of ``file`` with their reasons.

    Args:
        connection: The staging connection.
        source: The contract.
        adapter: None, or one that gives each record its row.
        settings: For the zones.
        received_at: When the file was received (UTC).
        rows: Name of the new table.

    Raises:
        UserError: the adapter fails on the records.
    """
    with _faults_of(adapter, connection, settings, "A record"):
        given = _output_columns(connection, adapter)
        select = staging_select(source, given, _adapted(adapter), settings)
        latest = {"latest": received_at + _FUTURE_ALLOWED} if "$latest" in select else {}
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {rows} AS {select}", latest)


def reject_before(connection: Connection, source: SourceTable, rows: str, start: date) -> None:
    """Give the staged rows before the first partition their reason."""
    if not source.partitioned:
        return
    connection.execute(
        f"UPDATE {rows} SET _reasons = list_append(COALESCE(_reasons, []), "
        f"'{dating_column(source)}: ' || _day || ' {_BEFORE_START} ' || $start "
        f"|| ' (LTV_START_DATE): set it earlier, then run `ltv quarantine replay {source.name}`') "
        "WHERE _day < $start",
        {"start": start},
    )


def collect_rejected(connection: Connection, staged: Staged) -> str:
    """Create a temporary table of what goes to quarantine (line, reasons, raw); its name."""
    packed = ", ".join(
        f"{quoted(name)} := CAST(origin.{quoted(name)} AS VARCHAR)" for name in staged.raw_columns
    )
    record = f"CAST(to_json(struct_pack({packed})) AS VARCHAR)" if packed else "NULL"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE rejected AS "
        f"SELECT rows._line AS line, rows._reasons AS reasons, {record} AS raw "
        f"FROM {staged.rows} AS rows JOIN {staged.origin} AS origin ON origin._line = rows._line "
        "WHERE rows._reasons IS NOT NULL "
        f"UNION ALL SELECT line, [reason], raw FROM {staged.malformed}"
    )
    return "rejected"


def years_of_log(connection: Connection, source: SourceTable) -> Years:
    """Good rows per year: those of the log, and those that only the start keeps out."""
    counted: list[tuple[int, int]] = connection.execute(
        "SELECT year, COUNT(*) FROM ("
        f"SELECT CAST(year({quoted(str(source.event_time))}) AS INTEGER) AS year "
        f"FROM raw.{source.name} UNION ALL "
        rf"SELECT CAST(regexp_extract(reasons[1], '(\d+)-\d\d-\d\d {_BEFORE_START}', 1) AS INTEGER)"
        " FROM raw.quarantine WHERE table_name = $table AND replayed_at IS NULL "
        f"AND {ONLY_BEFORE_START}) AS years GROUP BY year",
        {"table": source.name},
    ).fetchall()
    return dict(counted)


def _adapted(adapter: Adapter | None) -> str:
    return adapter.select() if adapter else "SELECT * FROM file"


@contextmanager
def _faults_of(
    adapter: Adapter | None, connection: Connection, settings: Settings, name: str
) -> Iterator[None]:
    """Around what an adapter's SELECT does: it may fail, take all memory, or never end.

    Raises:
        UserError: it did.
    """
    limit = time_limit(connection, settings.adapter_timeout) if adapter else nullcontext()
    try:
        with limit:
            yield
    except duckdb.OutOfMemoryException as error:
        raise _too_large(f"{name} with adapter {adapter.name}" if adapter else name) from error
    except _FAULTS_OF_ADAPTERS as error:
        through = f"adapter {adapter.name}" if adapter else "the reader"
        columns = [row[0] for row in connection.execute("DESCRIBE file").fetchall()]
        mend = f"The file has the columns {_some(columns)}; mend the adapter or the file."
        if isinstance(error, TimeoutError):
            mend = "Make the adapter simpler; LTV_ADAPTER_TIMEOUT gives it more time."
        raise UserError(
            f"{name} does not go through {through}: {str(error).splitlines()[0]}", mend
        ) from error


def _too_large(what: str) -> UserError:
    return UserError(
        f"{what} needs more memory than the engine may take.",
        "LTV_MEMORY_LIMIT gives it more; or split the file, or keep the columns that are needed.",
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
        # Names are compared as they are written, but capitals are a common slip.
        folded = {column.lower(): column for column in own}
        near = {ours: get_close_matches(ours, folded, n=1) for ours in missing}
        raise UserError(
            f"{origin} lacks {', '.join(missing)}, required for {source.name}. "
            f"It has {_some(own)}."
            + "".join(
                f" Is {_some([folded[theirs[0]]])} meant to be {ours}?"
                for ours, theirs in near.items()
                if theirs
            ),
            "Rename the columns, or map them (or tell their delimiter) with an adapter: "
            f"`ltv ingest {source.name} FILE --adapter FILE.sql`.",
        )
    unknown = [column for column in own if column not in wanted]
    if not unknown:
        return []
    capitals = [column for column in unknown if column.lower() in wanted]
    return [
        f"{origin}: unknown columns left out: {_some(unknown)}"
        + "".join(f" (is {column} meant to be {column.lower()}?)" for column in capitals)
    ]


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
