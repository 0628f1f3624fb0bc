"""The relation ``file`` that adapters read: a file's records as its format declares them.

Before any SELECT sees the records, columns have the adapter's names, numbers and dates have one
form, and e-mail addresses of persons are hashed. Totals are separate, in ``totals``.
"""

from collections.abc import Collection
from dataclasses import dataclass

import duckdb

from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters import person_ids
from ltv_platform.ingestion.adapters.file_columns import FoundColumns, find_columns
from ltv_platform.ingestion.adapters.layout import OWN_VARIABLES, Layout
from ltv_platform.ingestion.adapters.written_forms import WrittenForms, forms_of
from ltv_platform.ingestion.files.private_copy import PrivateCopy
from ltv_platform.ingestion.messages import some
from ltv_platform.ingestion.reading.readers import Records, confirm, engine_reads
from ltv_platform.settings import Settings

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class FileRelation:
    """The result of reading a file's records.

    Attributes:
        records: Number of records.
        columns: The columns of ``file``, without ``_line`` and ``_file``.
        found: The declared columns that the file has; None: none are declared.
        forms: How numbers and dates were read; None: unchanged.
    """

    records: int
    columns: tuple[str, ...]
    found: FoundColumns | None = None
    forms: WrittenForms | None = None


def make_file(
    connection: Connection,
    settings: Settings,
    copy: PrivateCopy,
    records: Records,
    layout: Layout | None = None,
    *,
    as_written: bool = False,
) -> FileRelation:
    """Create the temporary relations ``file`` and ``totals``.

    Args:
        connection: The connection to create them in.
        settings: For the key of hashes.
        copy: The private copy.
        records: Its records.
        layout: What its adapter declares about it, if it has one.
        as_written: Leave numbers and dates as they are written.

    Raises:
        UserError: the file is damaged, needs too much memory, lacks columns, or has ambiguous
            numbers or dates.
        UnreliableReadError: the engine could not read the file.
    """
    layout = layout or Layout()
    select = records.select
    if copy.format == "csv":
        # Readers differ on whether leading spaces belong to a field: here they do not.
        texts = ", ".join(
            f"CASE WHEN starts_with({name}, ' ') THEN NULLIF(LTRIM({name}, ' '), '') "
            f"ELSE {name} END AS {name}"
            for name in map(quoted, records.columns)
        )
        line = ", _line" if records.first_line is None else ""
        select = f"SELECT {texts}{line} FROM ({select}) AS records"
    columns, found, parameters = records.columns, None, dict[str, bytes]()
    if layout.columns:
        found = find_columns(layout.columns, records.columns)
        if found.missing:
            raise UserError(
                f"{copy.name} lacks the columns {some(found.missing)}. "
                f"It has {some(records.columns)}.",
                found.remedy
                or "Export it with these columns, or load it with an adapter of your own.",
            )
        columns = layout.names
        line = ", _line" if records.first_line is None else ""
        select = f"SELECT {_declared(layout, found)}{line} FROM ({select}) AS records"
        if layout.holds_persons:
            parameters = person_ids.parameters(settings)
    with engine_reads(copy):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE records AS {select}",
            parameters if "$inner" in select else {},
        )
    [(count,)] = connection.execute("SELECT COUNT(*) FROM records").fetchall()
    confirm(connection, records, count)
    line = f"rowid + {records.first_line} AS _line, " if records.first_line is not None else ""
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW written AS "
        f"SELECT *, {line}{literal(copy.name)} AS _file FROM records"
    )
    forms = None if as_written else _formed(connection, layout, found, copy.name)
    relation = "written" if forms is None else "formed"
    try:
        make_views(connection, settings, layout, relation)
    except duckdb.Error as error:
        raise UserError(
            f"{copy.name} does not fit its adapter: {str(error).splitlines()[0]}",
            f"Its -- totals: lines may name {some(columns)}.",
        ) from error
    return FileRelation(int(count), tuple(columns), found, forms)


def make_views(connection: Connection, settings: Settings, layout: Layout, relation: str) -> None:
    """Create ``file`` and ``totals`` from a relation, and set the variables for SELECTs.

    Besides the adapter's variables these are ``base_currency``, the currency of conversions;
    ``reporting_timezone``, whose days date the spend; and ``source_timezone``, for times without a
    zone.
    """
    total = "FALSE" if layout.totals is None else f"COALESCE(({layout.totals}), FALSE)"
    for name, condition in (("totals", total), ("details", f"NOT {total}")):
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM {relation} WHERE {condition}"
        )
    point_file_to(connection, "details")
    own = (settings.currency, settings.timezone, settings.source_timezone)
    variables = {**dict(zip(OWN_VARIABLES, own, strict=True)), **layout.variables}
    for name, value in variables.items():
        connection.execute(f"SET VARIABLE {quoted(name)} = {literal(value)}")


def point_file_to(connection: Connection, relation: str) -> None:
    """Point ``file`` to ``totals``, or to ``details``, the records that are not totals."""
    connection.execute(f"CREATE OR REPLACE TEMP VIEW file AS SELECT * FROM {relation}")


def _declared(layout: Layout, found: FoundColumns) -> str:
    """SQL of the adapter's columns, computed from those of the file."""
    values = {name: literal(value) for name, value in found.captured.items()}
    persons = {column.name for column in layout.columns if column.kind == "person"}
    empty = ", ".join(map(literal, layout.empty))
    for name, given in found.names.items():
        value = f"NULLIF({quoted(given)}, '')"
        if empty:
            value = f"CASE WHEN lower(trim({value})) NOT IN ({empty}) THEN {value} END"
        values[name] = person_ids.person_id_sql(value) if name in persons else value
    return ", ".join(
        f"{values.get(name, 'CAST(NULL AS VARCHAR)')} AS {quoted(name)}" for name in layout.names
    )


def _formed(
    connection: Connection, layout: Layout, found: FoundColumns | None, name: str
) -> WrittenForms | None:
    """Create ``formed``: the records with numbers and dates in one form."""
    columns = {
        column.name: (str(column.kind), found.names[column.name])
        for column in layout.columns
        if found is not None
        and column.name in found.names
        and column.kind in ("number", "count", "date")
    }
    if not columns:
        return None
    forms = forms_of(
        connection,
        "written",
        columns,
        declared=layout.forms,
        chosen=layout.options.keys(),
        origin=name,
    )
    read = ", ".join(
        f"{forms.read(kind, quoted(column))} AS {quoted(column)}"
        for column, (kind, _) in columns.items()
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE formed AS SELECT * REPLACE ({read}) FROM written"
    )
    return forms


def refuse(connection: Connection, layout: Layout, name: str) -> None:
    """Refuse a file with records that the format declares unusable.

    Raises:
        UserError: there is such a record.
    """
    for condition, message in layout.refusals:
        [(records, line)] = connection.execute(
            f"SELECT COUNT(*), MIN(_line) FROM file WHERE {condition}"
        ).fetchall()
        if records:
            more = f" and {records - 1:,} more records" if records > 1 else ""
            problem, _, hint = message.partition(" In ")
            raise UserError(
                f"{name}, line {line}{more}: {problem}",
                f"In {hint}" if hint else "Nothing was loaded.",
            )


def columns_not_taken(given: Collection[str], found: FoundColumns) -> list[str]:
    """Columns of a file that its format does not use."""
    taken = set(found.names.values())
    return [name for name in given if name not in taken]
