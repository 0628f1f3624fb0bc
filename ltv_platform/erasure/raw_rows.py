"""A person's rows in the warehouse: finds them, and deletes them in one transaction."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date
from typing import Any

from ltv_platform.contracts import SourceTable, Table
from ltv_platform.contracts.ddl import column_list, literal, quoted
from ltv_platform.contracts.model import DayOf
from ltv_platform.contracts.sources import CONVERSIONS, SOURCES
from ltv_platform.days import day_of_row_sql
from ltv_platform.erasure.identifiers import Identifiers
from ltv_platform.erasure.kept_rows import Kept
from ltv_platform.failpoints import failpoint
from ltv_platform.ingestion.suppression.keys import CUSTOMER, Suppressed, key_kind, put_on_list
from ltv_platform.ingestion.suppression.texts import ERASED, Needles
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Engine, Rows, Transaction

#: Free texts that may name somebody or their rows: messages of the API, reasons for dismissing a
#: row.
_TEXTS = (
    ("raw.ihc_requests", "reason"),
    ("raw.ihc_rejections", "reason"),
    ("raw.quarantine", "settled_by"),
)
#: Columns that link a row to a person, and the source table whose key they are; None: the person.
_HANGING: dict[str, str | None] = {
    **{source.key[0]: source.name for source in SOURCES if source.person is not None},
    **{source.person: None for source in SOURCES if source.person is not None},
}


def identifiers_in_log(warehouse: Rows, person: str) -> Identifiers:
    """The ids of a person's rows in the log.

    A row whose newest version belongs to somebody else is not theirs; one that belonged to somebody
    else before is, with all its versions.
    """
    keys, contested = {}, {}
    for source in SOURCES:
        if source.person is None or source.key[0] == source.person:
            continue
        key, whose = quoted(source.key[0]), quoted(source.person)
        newest = "updated_at DESC NULLS LAST, " if source.has_updated_at else ""
        rows = warehouse.rows(
            f"SELECT {key}, COUNT(*) FILTER ({whose} <> $person) FROM ("
            f"SELECT {key}, {whose}, FIRST_VALUE({whose}) OVER (PARTITION BY {key} "
            f"ORDER BY {newest}load_sequence DESC, line DESC) AS stands_for "
            f"FROM raw.{source.name} WHERE {key} IN "
            f"(SELECT {key} FROM raw.{source.name} WHERE {whose} = $person)"
            f") AS versions WHERE stands_for = $person GROUP BY {key}",
            {"person": person},
        )
        keys[source.name] = frozenset(each for each, _ in rows)
        contested[source.name] = frozenset(each for each, others in rows if others)
    return Identifiers(frozenset([person]), keys, contested)


def not_of_others(warehouse: Rows, identifiers: Identifiers) -> Identifiers:
    """The identifiers without keys that belong to other persons in the log."""
    keys = {}
    for source in SOURCES:
        given = identifiers.of(source.name)
        if source.person is None or not given:
            continue
        newest = "updated_at DESC NULLS LAST, " if source.has_updated_at else ""
        key = quoted(source.key[0])
        others = warehouse.rows(
            f"SELECT {key} FROM raw.{source.name} WHERE {key} IN (SELECT UNNEST($keys)) "
            f"QUALIFY ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY {newest}load_sequence DESC, "
            f"line DESC) = 1 AND {quoted(source.person)} NOT IN (SELECT UNNEST($persons))",
            {"keys": sorted(given), "persons": sorted(identifiers.persons)},
        )
        keys[source.name] = given - {each for (each,) in others}
    return Identifiers(identifiers.persons, keys, identifiers.contested)


def to_be_listed(identifiers: Identifiers) -> dict[str, frozenset[str]]:
    """Entries for the list by kind: persons, sessions, and keys that once were somebody else's.

    Costs of sessions name no person, and an old file may assign a row to somebody else.
    """
    hung_on = {source.hangs_on for source in SOURCES if source.hangs_on is not None}
    listed = {CUSTOMER: identifiers.persons}
    for source in SOURCES:
        if source.person is not None:
            keys = identifiers.of(source.name) if source.name in hung_on else frozenset()
            keys |= identifiers.contested.get(source.name, frozenset())
            if keys:
                listed[key_kind(source)] = keys
    return listed


def count_rows(
    warehouse: Rows, tables: Iterable[Table], identifiers: Identifiers
) -> dict[str, int]:
    """The rows that :func:`remove_rows` would delete, by table, except quarantine."""
    rows: dict[str, int] = {}
    for table in tables:
        condition, values = hanging(_names(table), identifiers)
        if condition:
            [(count,)] = warehouse.rows(
                f"SELECT COUNT(*) FROM {table.full_name} WHERE {condition}", values
            )
            rows[table.full_name] = count
    return rows


def remove_rows(
    engine: Engine, identifiers: Identifiers, suppressed: Suppressed, kept: Kept
) -> dict[str, int]:
    """Put the persons on the list, and delete all their rows from the warehouse.

    One transaction: afterwards nothing brings them back. Tables built from their rows become stale.

    Args:
        engine: The warehouse.
        identifiers: The persons, and the ids of their rows.
        suppressed: The list with them on it.
        kept: Their rows in quarantine.

    Returns:
        The number of deleted rows by table.
    """
    settings = engine.settings
    now = settings.current_time().astimezone(UTC).replace(tzinfo=None)
    with engine.transaction() as transaction:
        put_on_list(transaction, suppressed, to_be_listed(identifiers), now)
        touched = _touched_days(transaction, identifiers, settings)
        rows: dict[str, int] = {}
        for table in engine.catalog:
            condition, values = hanging(_names(table), identifiers)
            if condition:
                if table.layer != "raw":
                    _forget_built(transaction, table, condition, values)
                rows[table.full_name] = transaction.execute(
                    f"DELETE FROM {table.full_name} WHERE {condition}", values
                )
        for source in engine.catalog.sources.values():
            if rows.get(source.log.full_name):
                _number_anew(transaction, source)
        kept.remove(transaction)
        needles = Needles(identifiers.all())
        _redact_texts(transaction, needles)
        _forget_keys(transaction, identifiers.persons)
        _rename_loads(transaction, engine.catalog.sources, identifiers.persons)
        # Erasing bears on loads and quarantine in any case.
        transaction.touch({**touched, "loads": {None}})
        failpoint("rows removed, not committed")
    return rows


def hanging(columns: Iterable[str], identifiers: Identifiers) -> tuple[str, dict[str, list[str]]]:
    """A condition for rows that belong to the persons, and its parameters.

    The SQL is empty if no row with such columns can.
    """
    cases, values = [], dict[str, list[str]]()
    for column in columns:
        if column in _HANGING:
            source = _HANGING[column]
            name = f"of_{source or 'persons'}"
            of_source = identifiers.persons if source is None else identifiers.of(source)
            cases.append(f"{quoted(column)} IN (SELECT UNNEST(CAST(${name} AS VARCHAR[])))")
            values[name] = sorted(of_source)
    return " OR ".join(cases), values


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _forget_built(
    transaction: Transaction, table: Table, condition: str, values: Mapping[str, Any]
) -> None:
    """Take tables that had a row of theirs as never built, so that they are rebuilt in any case."""
    day = "CAST(NULL AS DATE)" if table.partition is None else quoted(table.partition)
    transaction.execute(
        "DELETE FROM raw.built WHERE asset = $asset AND EXISTS (SELECT 1 FROM ("
        f"SELECT DISTINCT {day} AS day FROM {table.full_name} WHERE {condition}) AS held "
        "WHERE held.day IS NOT DISTINCT FROM built.day)",
        {"asset": table.full_name, **values},
    )


def _touched_days(
    warehouse: Rows, identifiers: Identifiers, settings: Settings
) -> dict[str, set[date | None]]:
    """The days of the rows to be deleted, by source table."""
    values: dict[str, Any] = {}

    def condition_of(source: SourceTable) -> str:
        condition, needed = hanging(_names(source.log), identifiers)
        values.update(needed)
        return condition

    def days_of(table: str, dated: SourceTable) -> str:
        return (
            f"SELECT {literal(table)} AS table_name, {day_of_row_sql(dated, settings)} AS day "
            f"FROM raw.{dated.name} WHERE {condition_of(dated)}"
        )

    def days() -> Iterator[str]:
        for source in SOURCES:
            condition = condition_of(source) if source.is_personal else ""
            if condition and source.event_time is not None:
                yield days_of(source.name, source)
            if isinstance(source.touches, DayOf):
                yield days_of(source.name, source.touches.source)
        # A journey is scored by the days of its conversion.
        yield days_of("ihc_answers", CONVERSIONS)

    touched: dict[str, set[date | None]] = {}
    for name, day in warehouse.rows(" UNION ".join(days()), values):
        touched.setdefault(name, set()).add(day)
    return touched


def _number_anew(transaction: Transaction, source: SourceTable) -> None:
    """Renumber versions: they count from 1 without gaps."""
    key = column_list(source.key)
    if source.replaces is not None:
        return
    transaction.execute(
        f"UPDATE raw.{source.name} AS log SET version = counted.number FROM ("
        f"SELECT rowid AS place, CAST(ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY version, "
        f"load_sequence, line) AS INTEGER) AS number FROM raw.{source.name} WHERE {key} IN ("
        f"SELECT {key} FROM raw.{source.name} GROUP BY {key} HAVING MAX(version) > COUNT(*))"
        ") AS counted WHERE log.rowid = counted.place"
    )


def _forget_keys(transaction: Transaction, persons: frozenset[str]) -> None:
    """Delete keys of rejected rows that adapters make from ids; loads then cannot settle them."""
    transaction.execute(
        "UPDATE raw.quarantine SET row_key = NULL WHERE row_key IS NOT NULL AND EXISTS ("
        "SELECT 1 FROM UNNEST($persons) AS those(person) WHERE contains(row_key, person))",
        {"persons": sorted(persons)},
    )


def _redact_texts(transaction: Transaction, needles: Needles) -> None:
    for table, column in _TEXTS:
        for (text,) in transaction.rows(
            f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL"
        ):
            if needles.are_in(text):
                transaction.execute(
                    f"UPDATE {table} SET {column} = $redacted WHERE {column} = $text",
                    {"redacted": needles.redacted(text), "text": text},
                )


def _rename_loads(
    transaction: Transaction, sources: Collection[str], persons: frozenset[str]
) -> None:
    """Rename loads whose file name contains an identifier."""
    held = " UNION ALL ".join(
        f"SELECT load_id FROM {name}"
        for name in ("raw.quarantine", *(f"raw.{source}" for source in sources))
    )
    for load_id, name in transaction.rows(
        f"SELECT load_id, source_file FROM raw.loads WHERE load_id NOT IN ({held})"
    ):
        if any(_is_called_by(name, person) for person in persons):
            transaction.execute(
                "UPDATE raw.loads SET source_file = $name WHERE load_id = $load_id",
                {"name": ERASED, "load_id": load_id},
            )


def _is_called_by(name: str, person: str) -> bool:
    """Whether a file name has an identifier between separators, like c1 in export_c1-2025.csv."""
    return re.search(rf"(?<![^\W_]){re.escape(person)}(?![^\W_])", name) is not None
