"""A person's rows in tables of people's own assets, which no contract describes.

Where a column is called as one of ours, such as ``customer_id``, the rows are theirs and go. What
else holds their id is told, for its asset to be run again.
"""

from collections.abc import Iterator, Mapping

import duckdb

from ltv_platform.contracts.ddl import quoted
from ltv_platform.erasure.identifiers import Identifiers
from ltv_platform.erasure.raw_rows import hanging_condition, list_identifiers
from ltv_platform.user_tables import OwnTable, published
from ltv_platform.user_tables.model import RESERVED
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine
from ltv_platform.warehouse.duckdb.raw_log import transaction

Connection = duckdb.DuckDBPyConnection


def count_rows(connection: Connection, identifiers: Identifiers) -> Mapping[str, int]:
    """What :func:`remove_rows` would take out of each table."""
    list_identifiers(connection, identifiers)
    return {
        table.full_name: _count(connection, table, condition)
        for table, columns in _tables(connection)
        if (condition := hanging_condition(columns))
    }


def remove_rows(engine: DuckDBEngine, identifiers: Identifiers) -> None:
    """Take what is theirs out of each table and its file."""
    with engine.session() as connection:
        list_identifiers(connection, identifiers)
        for table, columns in _tables(connection):
            if condition := hanging_condition(columns):
                with transaction(connection):
                    connection.execute(f"DELETE FROM {table.sql} WHERE {condition}")
                # Of an erasure that was killed before, the table may be right and the file not.
                published.show(engine, table.schema, table.name)


def still_naming(engine: DuckDBEngine, identifiers: Identifiers) -> list[str]:
    """The tables in which a text of any column is the id of a person."""
    values = {"persons": sorted(identifiers.persons)}
    with engine.session() as connection:
        return [
            table.full_name
            for table, columns in _tables(connection)
            if (texts := [name for name, kind in columns.items() if kind == "VARCHAR"])
            and _count(
                connection,
                table,
                " OR ".join(f"LIST_CONTAINS($persons, {quoted(name)})" for name in texts),
                values,
            )
        ]


def _tables(connection: Connection) -> Iterator[tuple[OwnTable, dict[str, str]]]:
    """Each table with the type of each of its columns."""
    tables: dict[OwnTable, dict[str, str]] = {}
    for schema, name, column, kind in connection.execute(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE NOT internal AND database_name = CURRENT_DATABASE() ORDER BY ALL"
    ).fetchall():
        if schema not in RESERVED:
            tables.setdefault(OwnTable(schema, name), {})[column] = kind
    return iter(tables.items())


def _count(
    connection: Connection,
    table: OwnTable,
    condition: str,
    values: Mapping[str, list[str]] | None = None,
) -> int:
    [(count,)] = connection.execute(
        f"SELECT COUNT(*) FROM {table.sql} WHERE {condition}", dict(values or {})
    ).fetchall()
    return int(count)
