"""A file's records as rows with the contract's columns: as they are, or through an adapter.

The rows are still text; what becomes of them is the business of ``staging``.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

import duckdb

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import column_list, literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.ingestion.files import PrivateCopy
from ltv_platform.ingestion.readers import Records, confirm, engine_reads, too_large
from ltv_platform.ingestion.time_limit import time_limit
from ltv_platform.settings import Settings

if TYPE_CHECKING:
    from ltv_platform.ingestion.adapters import Adapter

Connection = duckdb.DuckDBPyConnection

#: What comes where a SELECT does not suit the records, or asks for too much.
_FAULTS_OF_ADAPTERS = (
    duckdb.DataError,
    duckdb.ProgrammingError,
    duckdb.NotSupportedError,
    duckdb.PermissionException,
    TimeoutError,
)
#: Names and characters of a name that a message shows at the most.
_SHOWN = 30


@dataclass(frozen=True)
class Adapted:
    """A SELECT of rows that have the contract's columns; see ``validation.staging_select``.

    Attributes:
        select: The SELECT.
        columns: The columns that it gives.
        first_line: Number of the first row; None: it gives ``_line``.
        adapter: What it goes through, if anything.
    """

    select: str
    columns: Sequence[str]
    first_line: int | None = None
    adapter: "Adapter | None" = None


def as_they_are(records: Records) -> Adapted:
    """Records whose columns are the contract's."""
    columns = (*records.columns, *(() if records.first_line is not None else ("_line",)))
    select = f"SELECT *, {_record(records.columns)} FROM ({records.select}) AS records"
    return Adapted(select, columns, records.first_line)


def adapt(
    connection: Connection,
    settings: Settings,
    adapter: "Adapter",
    copy: PrivateCopy,
    records: Records,
    *,
    source: SourceTable,
    place: int,
) -> tuple[int, list[str], Adapted]:
    """Put the records of a file through an adapter.

    Args:
        connection: The staging connection.
        settings: For the time limit.
        adapter: The adapter.
        copy: The private copy, for its name.
        records: Its records.
        source: The table that they are meant for.
        place: Numbers the temporary tables ``records_…``, ``file_…`` and ``adapted_…``.

    Returns:
        How many records there are, what the user should know, and the adapter's rows.

    Raises:
        UserError: the adapter does not suit the file.
        UnreliableReadError: the engine could not read the file.
    """
    file = f"file_{place}"
    with engine_reads(copy):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE records_{place} AS {records.select}")
    [(count,)] = connection.execute(f"SELECT COUNT(*) FROM records_{place}").fetchall()
    confirm(connection, records, count)
    line = f"rowid + {records.first_line} AS _line, " if records.first_line is not None else ""
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {file} AS "
        f"SELECT *, {line}{literal(copy.name)} AS _file FROM records_{place}"
    )
    with faults_of(adapter, connection, settings, copy.name, file):
        given = output_columns(connection, adapter, file)
    notes = compare_columns(source, given, copy.name, adapter)
    if adapter.replayable:
        select = adapter.select(file, _record(records.columns))
        return count, notes, Adapted(select, given, adapter=adapter)
    output = f"adapted_{place}"
    with faults_of(adapter, connection, settings, copy.name, file):
        _materialize(connection, adapter.select(file), given, output, most=count)
    _check_output(connection, adapter, output, copy.name, records=count)
    kept = [column.name for column in source.columns if column.name in given]
    select = f"SELECT *, {_record(kept)} FROM {output}"
    return count, notes, Adapted(select, [*given, "_line"], adapter=adapter)


def drop_adapted(connection: Connection, place: int) -> None:
    """Free what :func:`adapt` made."""
    connection.execute(f"DROP VIEW IF EXISTS file_{place}")
    for table in (f"records_{place}", f"adapted_{place}"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")


def _record(columns: Sequence[str]) -> str:
    packed = ", ".join(f"{quoted(c)} := CAST({quoted(c)} AS VARCHAR)" for c in columns)
    return f"{f'struct_pack({packed})' if packed else 'NULL'} AS _record"


def _materialize(
    connection: Connection, select: str, given: Sequence[str], output: str, *, most: int
) -> None:
    """Make the adapter's output a table of its own.

    An adapter that looks at more than one record runs once: its output is what is judged and
    what quarantine keeps, even if a second run would come out differently.
    """
    # A join that explodes ends early; one row too many tells it.
    adapted = f"SELECT * FROM ({select}) AS adapter LIMIT {most + 1}"
    if "_line" not in given:
        # The values decide the order, so that the same file gives the same numbers again.
        order = column_list(tuple(given))
        adapted = f"SELECT *, ROW_NUMBER() OVER (ORDER BY {order}) AS _line FROM ({adapted}) AS a"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {output} AS {adapted}")


def _check_output(
    connection: Connection, adapter: "Adapter", output: str, name: str, *, records: int
) -> None:
    """Make sure that every row of the output stands for a record of its own.

    Raises:
        UserError: there are more rows than records, or rows without a number of their own.
    """
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


def output_columns(connection: Connection, adapter: "Adapter", file: str) -> list[str]:
    """The columns that an adapter makes of a relation."""
    described = connection.execute(f"DESCRIBE {adapter.select(file)}").fetchall()
    return [column for column, *_ in described]


@contextmanager
def faults_of(
    adapter: "Adapter | None",
    connection: Connection,
    settings: Settings,
    name: str,
    file: str | None = None,
) -> Iterator[None]:
    """Around what an adapter's SELECT does: it may fail, take all memory, or never end.

    Args:
        adapter: The adapter; None where rows are read as they are: then nothing can be its fault.
        connection: The staging connection.
        settings: For the time limit.
        name: What does not go through it, for the message.
        file: The relation that it reads, for the message.

    Raises:
        UserError: it did.
    """
    if adapter is None:
        yield
        return
    try:
        with time_limit(connection, settings.adapter_timeout):
            yield
    except duckdb.OutOfMemoryException as error:
        raise too_large(f"{name} with adapter {adapter.name}") from error
    except _FAULTS_OF_ADAPTERS as error:
        hint = "Fix the adapter or the file."
        if isinstance(error, TimeoutError):
            hint = "Make the adapter simpler; LTV_ADAPTER_TIMEOUT gives it more time."
        elif file is not None:
            columns = [row[0] for row in connection.execute(f"DESCRIBE {file}").fetchall()]
            hint = f"The file has the columns {some(columns)}; fix the adapter or the file."
        raise UserError(
            f"{name} does not go through adapter {adapter.name}: {str(error).splitlines()[0]}", hint
        ) from error


def compare_columns(
    source: SourceTable, given: Sequence[str], name: str, adapter: "Adapter | None"
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
            f"It has {some(own)}."
            + "".join(
                f" Is {some([folded[theirs[0]]])} meant to be {ours}?"
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
        f"{origin}: unknown columns left out: {some(unknown)}"
        + "".join(f" (is {column} meant to be {column.lower()}?)" for column in capitals)
    ]


def some(names: Sequence[str], most: int = _SHOWN) -> str:
    """Names for a message; a file can have thousands of them, each a page long."""
    shown = [name if len(name) <= _SHOWN else name[:_SHOWN] + "…" for name in names[:most]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
