"""A file's records as rows with the contract's columns: as they are, or through an adapter.

The rows are still text; what becomes of them is the business of ``staging``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapter_database import (
    AdapterDatabase,
    open_adapter_database,
    packed,
)
from ltv_platform.ingestion.doubles import scales_of
from ltv_platform.ingestion.files import PrivateCopy
from ltv_platform.ingestion.messages import folded, meant, some
from ltv_platform.ingestion.readers import Records, confirm, engine_reads
from ltv_platform.settings import Settings

if TYPE_CHECKING:
    from ltv_platform.ingestion.adapters import Adapter

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Adapted:
    """A SELECT of rows that have the contract's columns; see ``validation.staging_select``.

    Attributes:
        select: The SELECT.
        columns: The columns that it gives.
        first_line: Number of the first row; None: it gives ``_line``.
        defaults: SQL literals that stand for missing values, by column.
    """

    select: str
    columns: Sequence[str]
    first_line: int | None = None
    defaults: Mapping[str, str] = field(default_factory=dict)


def as_they_are(records: Records) -> Adapted:
    """Records whose columns are the contract's."""
    columns = [*records.columns]
    columns += ["_line"] if records.first_line is None else []
    columns += ["_rounded"] if records.has_doubles else []
    select = f"SELECT *, {packed(records.columns)} AS _record FROM ({records.select}) AS records"
    return Adapted(select, columns, records.first_line)


def adapt(
    settings: Settings, adapter: "Adapter", copy: PrivateCopy, records: Records, source: SourceTable
) -> tuple[int, list[str], Adapted]:
    """Put the records of a file through an adapter.

    Args:
        settings: For the limits.
        adapter: The adapter.
        copy: The private copy; what the adapter makes is written beside it.
        records: Its records.
        source: The table that they are meant for.

    Returns:
        How many records there are, what the user should know, and the adapter's rows.

    Raises:
        UserError: the adapter does not suit the file.
        UnreliableReadError: the engine could not read the file.
    """
    with open_adapter_database(settings, copy.path.parent) as connection:
        count = make_file(connection, copy, records)
        database = AdapterDatabase(connection, settings, copy.path.parent, copy.name)
        columns = database.columns(adapter)
        notes = compare_columns(source, list(columns), copy.name, adapter)
        return (
            count,
            notes,
            _adapted(database, adapter, columns, source, record=records.columns, most=count),
        )


def adapt_again(
    settings: Settings,
    adapter: "Adapter",
    kept: Path,
    columns: Sequence[str],
    source: SourceTable,
) -> Adapted:
    """Put single records through an adapter that gives each the same row when it comes alone.

    Args:
        settings: For the limits.
        adapter: The adapter.
        kept: A Parquet file of the records; what the adapter makes is written beside it.
        columns: Their columns, without ``_line`` and ``_file``.
        source: The table that they are meant for.

    Raises:
        UserError: the adapter does not suit them.
    """
    with open_adapter_database(settings, kept.parent) as connection:
        connection.execute(f"CREATE TABLE file AS SELECT * FROM read_parquet({literal(str(kept))})")
        database = AdapterDatabase(connection, settings, kept.parent, "A record")
        given = database.columns(adapter)
        return _adapted(database, adapter, given, source, record=columns)


def defaults_of(adapter: "Adapter", source: SourceTable) -> Mapping[str, str]:
    """What the adapter's name stands for: whose spend its files tell."""
    named = source.replaces is not None and "spend_source" in source.replaces
    return {"spend_source": literal(adapter.name)} if named else {}


def make_file(connection: Connection, copy: PrivateCopy, records: Records) -> int:
    """Make the temporary relation ``file`` that adapters read; how many records it has.

    Raises:
        UserError: the file is damaged, or needs too much memory.
        UnreliableReadError: the engine could not read it.
    """
    select = records.select
    if copy.format == "csv":
        # Whether blanks before a field are part of it depends on the reader: here they are not.
        texts = ", ".join(
            f"CASE WHEN starts_with({name}, ' ') THEN NULLIF(LTRIM({name}, ' '), '') "
            f"ELSE {name} END AS {name}"
            for name in map(quoted, records.columns)
        )
        line = ", _line" if records.first_line is None else ""
        select = f"SELECT {texts}{line} FROM ({select}) AS records"
    with engine_reads(copy):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE records AS {select}")
    [(count,)] = connection.execute("SELECT COUNT(*) FROM records").fetchall()
    confirm(connection, records, count)
    line = f"rowid + {records.first_line} AS _line, " if records.first_line is not None else ""
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW file AS "
        f"SELECT *, {line}{literal(copy.name)} AS _file FROM records"
    )
    return int(count)


def _adapted(
    database: AdapterDatabase,
    adapter: "Adapter",
    columns: Mapping[str, str],
    source: SourceTable,
    *,
    record: Sequence[str],
    most: int | None = None,
) -> Adapted:
    # What looks at more than one record runs once: its output is what is judged and what
    # quarantine keeps, even if a second run would come out differently.
    select = database.write(
        adapter,
        columns,
        record=record if adapter.replayable else None,
        kept=[column.name for column in source.columns if column.name in columns],
        scales=scales_of(source),
        most=most,
    )
    values = [name for name in columns if name != "_line"]
    return Adapted(select, [*values, "_line", "_rounded"], defaults=defaults_of(adapter, source))


def compare_columns(
    source: SourceTable, given: Sequence[str], name: str, adapter: "Adapter | None"
) -> list[str]:
    """Notes about columns left out.

    Raises:
        UserError: a required column is missing, or one of ours is spelled in another way.
    """
    wanted = [column.name for column in source.columns]
    own = [column for column in given if column not in ("_line", "_file")]
    unknown = [column for column in own if column not in wanted]
    needed = [c.name for c in source.columns if c.required or c.present]
    missing = [name for name in needed if name not in given]
    origin = f"{name} through adapter {adapter.name}" if adapter else name
    # An amount that is left out because of a capital letter would be a wrong figure.
    by_spelling = {folded(column): column for column in unknown}
    spelled = [(by_spelling[ours], ours) for ours in wanted if ours in by_spelling]
    spelled = [(theirs, ours) for theirs, ours in spelled if ours not in own]
    if spelled:
        pairs = "; ".join(f"{some([repr(theirs)])} is not {ours}" for theirs, ours in spelled)
        raise UserError(
            f"{origin}: {pairs}. Names of columns are compared letter by letter.",
            "Rename them in the file, or with aliases in an adapter.",
        )
    if missing:
        guesses = ((ours, meant(ours, unknown)) for ours in missing)
        raise UserError(
            f"{origin} lacks {', '.join(missing)}, required for {source.name}. "
            f"It has {some(own)}."
            + "".join(
                f" Is {some([theirs])} meant to be {ours}?"
                for ours, theirs in guesses
                if theirs is not None
            ),
            "Rename the columns, or map them (or tell their delimiter) with an adapter: "
            f"`ltv ingest {source.name} FILE --adapter FILE.sql`.",
        )
    return [f"{origin}: unknown columns left out: {some(unknown)}"] if unknown else []
