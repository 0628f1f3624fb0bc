"""The parts of a write: its rows, its bounds, its schema, its record in ``built``."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb

from ltv_platform.contracts import Table
from ltv_platform.contracts.ddl import quoted
from ltv_platform.errors import UserError
from ltv_platform.tables.transforms import Select
from ltv_platform.warehouse.engine import Writer
from ltv_platform.warehouse.error_texts import (
    column_without_value,
    is_about_decimal,
    is_about_text,
)

if TYPE_CHECKING:
    import pyarrow as pa

Connection = duckdb.DuckDBPyConnection

_OUTSIDE = "outside the days of the run:"


@contextmanager
def as_relation(
    connection: Connection, rows: "Select | pa.Table"
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The relation to read rows from, and its parameters."""
    if isinstance(rows, Select):
        yield f"({rows.sql})", rows.parameters
        return
    connection.register("incoming_rows", rows)
    try:
        yield "incoming_rows", {}
    finally:
        connection.unregister("incoming_rows")


def only_within(table: Table, within: str) -> str:
    """A condition that is true for the days of the write and raises an error for any other row."""
    if table.partition is None:
        return within
    day = f"COALESCE(CAST({quoted(table.partition)} AS VARCHAR), 'no day')"
    return f"CASE WHEN {within} THEN TRUE ELSE error('{_OUTSIDE} ' || {day}) END"


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turns errors caused by the rows into messages that say where and what to do."""
    try:
        yield
    except duckdb.InvalidInputException as error:
        _, found, day = str(error).partition(_OUTSIDE)
        if not found:
            raise
        raise UserError(
            f"{what} got rows outside the days of the run, such as {day.split()[0]}.",
            "Its SELECT must return only rows of the requested days; a table by week or month has "
            "no partition. Nothing was written.",
        ) from error
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
        raise UserError(
            f"{what} cannot be written: {error}",
            "Fix its SELECT or its contract; LINE counts in the rendered SELECT. Nothing was "
            "written.",
        ) from error
    except duckdb.ConstraintException as error:
        if not (column := column_without_value(error)):
            raise
        raise UserError(
            f"{what} got a row without {column}, which its contract requires.",
            "Fix its SELECT or its contract; nothing was written.",
        ) from error
    except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
        if not is_about_decimal(error):
            raise
        # The engine quotes the value, which may be personal data, and Dagster stores errors.
        if is_about_text(error):
            raise UserError(
                f"{what} got a text instead of an amount.",
                "Fix its SELECT; TRY_CAST turns non-numbers into NULL. Nothing was written.",
            ) from None
        raise UserError(
            f"{what} has an amount or a sum that is too large: money columns hold twelve digits "
            "before the point.",
            "Correct the amount or the rate if it is wrong. Otherwise report in a currency with "
            "larger units: set LTV_CURRENCY and load its rates into fx_rates. Nothing was written.",
        ) from None


def record_built(
    connection: Connection, writer: Writer, sequence: int, bounds: Mapping[str, date]
) -> None:
    """Record a write of the days in the bounds, or, without bounds, of the whole table."""
    days = (
        "SELECT CAST(day AS DATE) AS day FROM "
        "UNNEST(GENERATE_SERIES($range_start, $range_end, INTERVAL '1 day')) AS days(day)"
        if bounds
        else "SELECT CAST(NULL AS DATE) AS day"
    )
    which = "day >= $range_start AND day <= $range_end" if bounds else "TRUE"
    connection.execute(
        f"DELETE FROM raw.built WHERE asset = $asset AND {which}",
        {"asset": writer.asset, **bounds},
    )
    connection.execute(
        "INSERT INTO raw.built BY NAME SELECT $asset AS asset, day, $sequence AS seq, "
        "$code_hash AS code_hash, CAST($as_of AS DATE) AS as_of, $watermarks AS watermarks "
        f"FROM ({days}) AS written",
        {
            "asset": writer.asset,
            "sequence": sequence,
            "code_hash": writer.code_hash,
            "as_of": writer.as_of.day,
            "watermarks": writer.as_of.watermarks_text,
            **bounds,
        },
    )


def contract_columns(table: Table) -> list[tuple[str, str, bool]]:
    """Name, type and NOT NULL of each stored column, as in the contract."""
    return [(column.name, column.type, column.required) for column in table.columns]


def existing_columns(connection: Connection) -> dict[str, list[tuple[str, str, bool]]]:
    """The columns of all existing tables, by full name."""
    columns: dict[str, list[tuple[str, str, bool]]] = {}
    for schema, table, column, kind, nullable in connection.execute(
        "SELECT schema_name, table_name, column_name, data_type, is_nullable "
        "FROM duckdb_columns() WHERE NOT internal AND schema_name IN ('raw', 'core', 'marts') "
        "ORDER BY schema_name, table_name, column_index"
    ).fetchall():
        columns.setdefault(f"{schema}.{table}", []).append((column, kind, not nullable))
    return columns


def differs(table: Table, existing: Sequence[tuple[str, str, bool]] | None) -> bool:
    """Whether a table is missing, or does not have the columns of its contract.

    Columns of a raw table may be in any order: migrations add columns at the end, and rows are
    inserted by name.
    """
    wanted = contract_columns(table)
    if existing is None or table.layer != "raw":
        return existing != wanted
    return sorted(existing) != sorted(wanted)


def compare_schema(
    connection: Connection, table: Table, probe: str, parameters: Mapping[str, Any]
) -> None:
    """Compare in both directions, so that no column is silently filled with NULL or dropped."""
    result = connection.execute(probe, dict(parameters))
    description = result.description
    result.fetchall()  # an open result would block the connection
    given = {name: str(kind) for name, kind, *_ in description}
    wanted = {column.name: str(column.type) for column in table.columns}
    wrong = [f"{name} is missing" for name in wanted if name not in given]
    wrong += [f"{name} is not in the contract" for name in given if name not in wanted]
    wrong += [
        f"{name} is {given[name]}, not {wanted[name]}"
        for name in wanted
        if name in given and given[name] != wanted[name]
    ]
    if wrong:
        raise UserError(
            f"The SELECT of {table.full_name} does not match its contract: {'; '.join(wrong)}.",
            f"Fix sql/…/{table.name}.sql or its contract; nothing was written.",
        )
