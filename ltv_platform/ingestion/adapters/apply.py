"""Turns records into rows with the contract's columns, directly or through an adapter.

The rows are still text; ``staging`` parses them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters.database import (
    AdapterDatabase,
    adapter_errors,
    open_adapter_database,
    packed,
)
from ltv_platform.ingestion.adapters.file_relation import (
    FileRelation,
    make_file,
    make_views,
    refuse,
)
from ltv_platform.ingestion.adapters.layout import Layout
from ltv_platform.ingestion.adapters.written_forms import readings_of_date
from ltv_platform.ingestion.files.private_copy import PrivateCopy
from ltv_platform.ingestion.messages import folded, meant, some
from ltv_platform.ingestion.reading.double_rounding import scales_of
from ltv_platform.ingestion.reading.readers import Records
from ltv_platform.settings import Settings

if TYPE_CHECKING:
    from ltv_platform.ingestion.adapters.adapter import Adapter

#: Columns of money that are compared with the file's own totals.
_AMOUNTS = ("cost", "amount")
#: Maximum number of titles and notices that a message shows, and characters of each.
_SHOWN_LINES, _SHOWN_LINE = 3, 40


@dataclass(frozen=True)
class Adapted:
    """A SELECT of rows with the contract's columns; see ``validation.staging_select``.

    Attributes:
        select: The SELECT.
        columns: The columns it returns.
        first_line: Number of the first row; None: the SELECT returns ``_line``.
        defaults: SQL literals for missing values, by column.
        in_order: The rows are events in order of receipt, so those of one key do not conflict: the
            last one counts.
    """

    select: str
    columns: Sequence[str]
    first_line: int | None = None
    defaults: Mapping[str, str] = field(default_factory=dict)
    in_order: bool = False


def as_they_are(records: Records, *, in_order: bool = False) -> Adapted:
    """Rows from records that already have the contract's columns."""
    columns = [*records.columns]
    columns += ["_line"] if records.first_line is None else []
    columns += ["_rounded"] if records.has_doubles else []
    select = f"SELECT *, {packed(records.columns)} AS _record FROM ({records.select}) AS records"
    return Adapted(select, columns, records.first_line, in_order=in_order)


@dataclass(frozen=True)
class AdaptedFile:
    """A file after all SELECTs of its adapter have run.

    Attributes:
        given: The file's own columns.
        relation: Its records, as the adapter saw them.
        notes: What the user should know about the file.
        tables: The rows for each table, and what the user should know about them.
    """

    given: tuple[str, ...]
    relation: FileRelation
    notes: list[str]
    tables: Mapping[str, tuple[Adapted, list[str]]]


def adapt(
    settings: Settings,
    adapters: Mapping[str, "Adapter"],
    copy: PrivateCopy,
    records: Records,
    sources: Mapping[str, SourceTable],
) -> AdaptedFile:
    """Run an adapter on the records of a file.

    Args:
        settings: Limits of time and memory.
        adapters: The SELECTs of the adapter by table, in order.
        copy: The private copy; the output is written next to it.
        records: Its records.
        sources: The contracts.

    Raises:
        UserError: the adapter does not fit the file.
        UnreliableReadError: the engine could not read the file.
    """
    layout = next(iter(adapters.values())).layout
    folder = copy.path.parent
    tables = dict[str, tuple[Adapted, list[str]]]()
    with open_adapter_database(settings, folder) as connection:
        relation = make_file(connection, settings, copy, records, layout)
        database = AdapterDatabase(connection, settings, folder, copy.name, list(adapters))
        with adapter_errors(next(iter(adapters.values())), connection, settings, copy.name):
            refuse(connection, layout, copy.name)
        for table, adapter in adapters.items():
            source = sources[table]
            columns = database.columns(adapter)
            notes = compare_columns(source, list(columns), copy.name, adapter)
            adapted = _adapted(
                database,
                adapter,
                columns,
                source,
                record=relation.columns,
                most=None if adapter.many else relation.records,
            )
            if layout.dates is None:
                _refuse_undeclared_dates(database, adapter, columns, source, copy.name)
            notes += _notes_on_totals(database, adapter, columns, copy.name)
            tables[table] = adapted, notes
    return AdaptedFile(
        records.columns, relation, list(_notes_on_file(copy, records, relation, layout)), tables
    )


def _refuse_undeclared_dates(
    database: AdapterDatabase,
    adapter: "Adapter",
    columns: Collection[str],
    source: SourceTable,
    name: str,
) -> None:
    """Refuse a file with ambiguous dates only, instead of rejecting every row.

    Raises:
        UserError: all dates of a column are ambiguous, and nothing declares their order.
    """
    for column in source.columns:
        if column.type not in ("DATE", "TIMESTAMP") or column.name not in columns:
            continue
        if first := database.first_of_unordered_dates(adapter, column.name):
            value, line = first
            raise UserError(
                f"{name} through adapter {adapter.name}: {column.name} is {value!r} in line "
                f"{line}, which can be {readings_of_date(value)}, and so are all others.",
                "Declare the column in the adapter, as in -- needs: day (date) = Day, and add -- "
                "dates: day first, or month first.",
            )


def _notes_on_file(
    copy: PrivateCopy, records: Records, relation: FileRelation, layout: Layout
) -> Iterator[str]:
    yield from records.notes
    if relation.records == 0:
        yield f"{copy.name} contains no records"
    if records.around:
        shown = [repr(line[:_SHOWN_LINE]) for line in records.around[:_SHOWN_LINES]]
        more = " …" if len(records.around) > _SHOWN_LINES else ""
        # A title may name a person, and notes are kept in the history of runs.
        which = "" if layout.holds_persons else f" ({'; '.join(shown)}{more})"
        yield f"{copy.name}: title and notice lines skipped: {len(records.around)}{which}"


def _notes_on_totals(
    database: AdapterDatabase, adapter: "Adapter", columns: Collection[str], name: str
) -> Iterator[str]:
    """Compare the file's own totals with the sum of the rows."""
    for amount in (each for each in _AMOUNTS if each in columns):
        totals = database.totals(adapter, amount)
        if totals is None:
            continue
        line, stated = totals.nearest
        which = "one" if line is None else f"line {line}"
        left_out = f"{name}: total rows left out: {len(totals.stated)}"
        if totals.agree:
            yield f"{left_out}; {which} matches the sum of the rows ({_money(stated)})"
        else:
            yield (
                f"{left_out}; they do not match the rows: {which} says {_money(stated)}, "
                f"the rows add up to {_money(totals.added)}. Is the file complete?"
            )


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def adapt_again(
    settings: Settings,
    adapter: "Adapter",
    kept: Path,
    columns: Sequence[str],
    source: SourceTable,
) -> Adapted:
    """Run a replayable adapter on single records.

    Args:
        settings: Limits of time and memory.
        adapter: The adapter.
        kept: A Parquet file of the records; the output is written next to it.
        columns: Their columns, without ``_line`` and ``_file``.
        source: The table they are meant for.

    Raises:
        UserError: the adapter does not fit the records.
    """
    with open_adapter_database(settings, kept.parent) as connection:
        # The adapter may have been changed since, and declare more columns.
        more = "".join(
            f", CAST(NULL AS VARCHAR) AS {quoted(name)}"
            for name in adapter.layout.names
            if name not in columns
        )
        connection.execute(
            f"CREATE TABLE records AS SELECT *{more} FROM read_parquet({literal(str(kept))})"
        )
        make_views(connection, settings, adapter.layout, "records")
        database = AdapterDatabase(connection, settings, kept.parent, "A record", [source.name])
        given = database.columns(adapter)
        return _adapted(database, adapter, given, source, record=columns)


def defaults_of(adapter: "Adapter", source: SourceTable) -> Mapping[str, str]:
    """Defaults that follow from the adapter's name: the source of the spend in its files."""
    named = source.replaces is not None and "spend_source" in source.replaces
    return {"spend_source": literal(adapter.name)} if named else {}


def _adapted(
    database: AdapterDatabase,
    adapter: "Adapter",
    columns: Mapping[str, str],
    source: SourceTable,
    *,
    record: Sequence[str],
    most: int | None = None,
) -> Adapted:
    # An adapter that reads several records at once runs once: this output is judged and
    # quarantined, even if a second run would return something else.
    select = database.write(
        adapter,
        columns,
        record=record if adapter.replayable else None,
        kept=[
            name
            for name in (*(column.name for column in source.columns), "_rejected")
            if name in columns
        ],
        scales=scales_of(source),
        most=most,
    )
    values = [name for name in columns if name != "_line"]
    return Adapted(select, [*values, "_line", "_rounded"], defaults=defaults_of(adapter, source))


def compare_columns(
    source: SourceTable, given: Sequence[str], name: str, adapter: "Adapter | None"
) -> list[str]:
    """Compare the columns of a file or adapter with the contract; return notes on ignored columns.

    Raises:
        UserError: a required column is missing, or a column is spelled differently.
    """
    wanted = [column.name for column in source.columns]
    own = [column for column in given if column not in ("_line", "_file", "_rejected")]
    unknown = [column for column in own if column not in wanted]
    needed = [c.name for c in source.columns if c.required or c.present]
    missing = [name for name in needed if name not in given]
    origin = f"{name} through adapter {adapter.name}" if adapter else name
    # Ignoring an amount because of a capital letter would make a figure wrong.
    by_spelling = {folded(column): column for column in unknown}
    spelled = [(by_spelling[ours], ours) for ours in wanted if ours in by_spelling]
    spelled = [(theirs, ours) for theirs, ours in spelled if ours not in own]
    if spelled:
        pairs = "; ".join(f"{some([repr(theirs)])} is not {ours}" for theirs, ours in spelled)
        raise UserError(
            f"{origin}: {pairs}. Column names must match exactly.",
            "Rename them in the file, or alias them in an adapter.",
        )
    if missing:
        guesses = ((ours, meant(ours, unknown)) for ours in missing)
        raise UserError(
            f"{origin} lacks {', '.join(missing)}, required for {source.name}. "
            f"It has {some(own)}."
            + "".join(
                f" Should {some([theirs])} be {ours}?"
                for ours, theirs in guesses
                if theirs is not None
            ),
            "Rename the columns, or write an adapter that maps them (or names their delimiter): "
            f"`ltv ingest {source.name} FILE --adapter FILE.sql`.",
        )
    return [f"{origin}: unknown columns ignored: {some(unknown)}"] if unknown else []
