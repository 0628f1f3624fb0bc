"""A person's rows in user tables, which have no contract.

If a column is named like one of the platform's, such as ``customer_id``, matching rows are theirs
and are deleted. Other tables with their id are reported, so that the user can run their assets
again.
"""

from collections.abc import Iterator, Mapping

from ltv_platform.contracts.ddl import quoted
from ltv_platform.erasure.identifiers import Identifiers
from ltv_platform.erasure.raw_rows import condition_for
from ltv_platform.user_tables import OwnTable, published
from ltv_platform.user_tables.model import RESERVED
from ltv_platform.warehouse.engine import Engine, Reader


def count_rows(reader: Reader, identifiers: Identifiers) -> Mapping[str, int]:
    """The number of rows that :func:`remove_rows` would delete from each table."""
    counts = {}
    for table, columns in _tables(reader):
        condition, values = condition_for(columns, identifiers)
        if condition:
            counts[table.full_name] = _count(reader, table, condition, values)
    return counts


def remove_rows(engine: Engine, identifiers: Identifiers) -> None:
    """Delete their rows from each table and its file."""
    for table, columns in _tables(engine):
        condition, values = condition_for(columns, identifiers)
        if condition:
            with engine.transaction() as transaction:
                transaction.execute(f"DELETE FROM {table.sql} WHERE {condition}", values)
            # After a killed erasure, the table may be right and its file not.
            published.show(engine, table.schema, table.name)


def still_naming(reader: Reader, identifiers: Identifiers) -> list[str]:
    """Tables with the id of a person in any text column."""
    values = {"persons": sorted(identifiers.persons)}
    return [
        table.full_name
        for table, columns in _tables(reader)
        if (texts := [name for name, kind in columns.items() if kind == "VARCHAR"])
        and _count(
            reader,
            table,
            " OR ".join(f"LIST_CONTAINS($persons, {quoted(name)})" for name in texts),
            values,
        )
    ]


def _tables(reader: Reader) -> Iterator[tuple[OwnTable, Mapping[str, str]]]:
    """All tables with their columns and types."""
    for (schema, name), columns in reader.tables().items():
        if schema not in RESERVED:
            yield OwnTable(schema, name), columns


def _count(reader: Reader, table: OwnTable, condition: str, values: Mapping[str, list[str]]) -> int:
    [(count,)] = reader.rows(f"SELECT COUNT(*) FROM {table.sql} WHERE {condition}", values)
    return int(count)
