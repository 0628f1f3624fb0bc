"""A person's rows in tables of people's own assets, which no contract describes.

Where a column is called as one of ours, such as ``customer_id``, the rows are theirs and go. What
else holds their id is told, for its asset to be run again.
"""

from collections.abc import Iterator, Mapping

from ltv_platform.contracts.ddl import quoted
from ltv_platform.erasure.identifiers import Identifiers
from ltv_platform.erasure.raw_rows import hanging
from ltv_platform.user_tables import OwnTable, published
from ltv_platform.user_tables.model import RESERVED
from ltv_platform.warehouse.engine import Engine, Reader


def count_rows(reader: Reader, identifiers: Identifiers) -> Mapping[str, int]:
    """What :func:`remove_rows` would take out of each table."""
    counts = {}
    for table, columns in _tables(reader):
        condition, values = hanging(columns, identifiers)
        if condition:
            counts[table.full_name] = _count(reader, table, condition, values)
    return counts


def remove_rows(engine: Engine, identifiers: Identifiers) -> None:
    """Take what is theirs out of each table and its file."""
    for table, columns in _tables(engine):
        condition, values = hanging(columns, identifiers)
        if condition:
            with engine.transaction() as transaction:
                transaction.execute(f"DELETE FROM {table.sql} WHERE {condition}", values)
            # Of an erasure that was killed before, the table may be right and the file not.
            published.show(engine, table.schema, table.name)


def still_naming(reader: Reader, identifiers: Identifiers) -> list[str]:
    """The tables in which a text of any column is the id of a person."""
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
    """Each table with the type of each of its columns."""
    for (schema, name), columns in reader.tables().items():
        if schema not in RESERVED:
            yield OwnTable(schema, name), columns


def _count(reader: Reader, table: OwnTable, condition: str, values: Mapping[str, list[str]]) -> int:
    [(count,)] = reader.rows(f"SELECT COUNT(*) FROM {table.sql} WHERE {condition}", values)
    return int(count)
