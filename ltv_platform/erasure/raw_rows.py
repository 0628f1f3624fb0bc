"""A person's rows in the warehouse: which they are, and one transaction that takes them out."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC

import duckdb

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
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine
from ltv_platform.warehouse.duckdb.raw_log import next_sequence, touch, transaction

Connection = duckdb.DuckDBPyConnection

#: Texts that may name somebody or what is theirs: what the API says of a conversion, why somebody
#: dismissed a row.
_TEXTS = (
    ("raw.ihc_requests", "reason"),
    ("raw.ihc_rejections", "reason"),
    ("raw.quarantine", "settled_by"),
)
#: Columns by which a row hangs on a person, and the source table whose key it is; None: the person.
_HANGING: dict[str, str | None] = {
    **{source.key[0]: source.name for source in SOURCES if source.person is not None},
    **{source.person: None for source in SOURCES if source.person is not None},
}


def identifiers_in_log(connection: Connection, person: str) -> Identifiers:
    """The ids of what the log has of a person.

    A row that a later version gave to somebody else is not theirs; one that was somebody else's
    before is, with all of its versions.
    """
    keys, contested = {}, {}
    for source in SOURCES:
        if source.person is None or source.key[0] == source.person:
            continue
        key, whose = quoted(source.key[0]), quoted(source.person)
        newest = "updated_at DESC NULLS LAST, " if source.has_updated_at else ""
        rows = connection.execute(
            f"SELECT {key}, COUNT(*) FILTER ({whose} <> $person) FROM ("
            f"SELECT {key}, {whose}, FIRST_VALUE({whose}) OVER (PARTITION BY {key} "
            f"ORDER BY {newest}load_sequence DESC, line DESC) AS stands_for "
            f"FROM raw.{source.name} WHERE {key} IN "
            f"(SELECT {key} FROM raw.{source.name} WHERE {whose} = $person)"
            f") AS versions WHERE stands_for = $person GROUP BY {key}",
            {"person": person},
        ).fetchall()
        keys[source.name] = frozenset(each for each, _ in rows)
        contested[source.name] = frozenset(each for each, others in rows if others)
    return Identifiers(frozenset([person]), keys, contested)


def not_of_others(connection: Connection, identifiers: Identifiers) -> Identifiers:
    """Without keys, found elsewhere than in the log, that stand for other persons in it."""
    keys = {}
    for source in SOURCES:
        given = identifiers.of(source.name)
        if source.person is None or not given:
            continue
        newest = "updated_at DESC NULLS LAST, " if source.has_updated_at else ""
        key = quoted(source.key[0])
        others = connection.execute(
            f"SELECT {key} FROM raw.{source.name} WHERE {key} IN (SELECT UNNEST($keys)) "
            f"QUALIFY ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY {newest}load_sequence DESC, "
            f"line DESC) = 1 AND {quoted(source.person)} NOT IN (SELECT UNNEST($persons))",
            {"keys": sorted(given), "persons": sorted(identifiers.persons)},
        ).fetchall()
        keys[source.name] = given - {each for (each,) in others}
    return Identifiers(identifiers.persons, keys, identifiers.contested)


def to_be_listed(identifiers: Identifiers) -> dict[str, frozenset[str]]:
    """What goes on the list, by kind: persons, sessions, and what was somebody else's before.

    Costs of sessions name no person; and an old file may still give a row to somebody else.
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
    connection: Connection, tables: Iterable[Table], identifiers: Identifiers
) -> dict[str, int]:
    """What :func:`remove_rows` would take out of each table, but for quarantine."""
    list_identifiers(connection, identifiers)
    rows: dict[str, int] = {}
    for table in tables:
        if condition := hanging_condition(_names(table)):
            [(count,)] = connection.execute(
                f"SELECT COUNT(*) FROM {table.full_name} WHERE {condition}"
            ).fetchall()
            rows[table.full_name] = count
    return rows


def remove_rows(
    engine: DuckDBEngine, identifiers: Identifiers, suppressed: Suppressed, kept: Kept
) -> dict[str, int]:
    """Put the persons on the list and take all that is theirs out of the warehouse.

    One transaction: from then on nothing brings them back. What was made of their rows is stale.

    Args:
        engine: The warehouse.
        identifiers: Whom, and what is theirs.
        suppressed: The list with them on it.
        kept: Their rows in quarantine.

    Returns:
        The rows taken out, by table.
    """
    settings = engine.settings
    now = settings.current_time().astimezone(UTC).replace(tzinfo=None)
    with engine.session() as connection, transaction(connection):
        list_identifiers(connection, identifiers)
        put_on_list(connection, suppressed, to_be_listed(identifiers), now)
        connection.execute(_touched_days(settings))
        rows: dict[str, int] = {}
        for table in engine.catalog:
            if condition := hanging_condition(_names(table)):
                if table.layer != "raw":
                    _forget_built(connection, table, condition)
                rows[table.full_name] = _delete(connection, table, condition)
        for source in engine.catalog.sources.values():
            if rows.get(source.log.full_name):
                _number_anew(connection, source)
        kept.remove(connection)
        needles = Needles(identifiers.all())
        _redact_texts(connection, needles)
        _forget_keys(connection, identifiers.persons)
        _rename_loads(connection, engine, identifiers.persons)
        touch(
            connection,
            "SELECT DISTINCT table_name, day FROM erased_days",
            next_sequence(connection),
            settings,
        )
        failpoint("rows removed, not committed")
    return rows


def list_identifiers(connection: Connection, identifiers: Identifiers) -> None:
    """Create the temporary table ``erased`` (source, identifier); persons have no source."""
    connection.execute("CREATE OR REPLACE TEMP TABLE erased (source VARCHAR, identifier VARCHAR)")
    for source, of_source in ((None, identifiers.persons), *identifiers.keys.items()):
        connection.execute(
            "INSERT INTO erased SELECT $source, UNNEST($identifiers)",
            {"source": source, "identifiers": sorted(of_source)},
        )


def hanging_condition(columns: Iterable[str]) -> str:
    """SQL of the rows that hang on those in ``erased``; empty: no row with such columns can."""
    return " OR ".join(
        f"{quoted(column)} IN (SELECT identifier FROM erased WHERE source "
        f"{'IS NULL' if source is None else f'= {literal(source)}'})"
        for column in columns
        if column in _HANGING
        for source in [_HANGING[column]]
    )


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _delete(connection: Connection, table: Table, condition: str) -> int:
    [(count,)] = connection.execute(f"DELETE FROM {table.full_name} WHERE {condition}").fetchall()
    return int(count)


def _forget_built(connection: Connection, table: Table, condition: str) -> None:
    """What held a row of theirs is made anew, whatever else may be found stale."""
    day = "CAST(NULL AS DATE)" if table.partition is None else quoted(table.partition)
    connection.execute(
        "DELETE FROM raw.built WHERE asset = $asset AND EXISTS (SELECT 1 FROM ("
        f"SELECT DISTINCT {day} AS day FROM {table.full_name} WHERE {condition}) AS held "
        "WHERE held.day IS NOT DISTINCT FROM built.day)",
        {"asset": table.full_name},
    )


def _touched_days(settings: Settings) -> str:
    """The statement that keeps the days of the rows that are going to be deleted."""

    def days_of(table: str, dated: SourceTable) -> str:
        return (
            f"SELECT {literal(table)} AS table_name, {day_of_row_sql(dated, settings)} AS day "
            f"FROM raw.{dated.name} WHERE {hanging_condition(_names(dated.log))}"
        )

    def days() -> Iterator[str]:
        for source in SOURCES:
            condition = hanging_condition(_names(source.log)) if source.is_personal else ""
            if condition and source.event_time is not None:
                yield days_of(source.name, source)
            if isinstance(source.touches, DayOf):
                yield days_of(source.name, source.touches.source)
        # A journey is scored by the days of its conversion.
        yield days_of("ihc_answers", CONVERSIONS)

    return "CREATE OR REPLACE TEMP TABLE erased_days AS " + " UNION ALL ".join(days())


def _number_anew(connection: Connection, source: SourceTable) -> None:
    """Versions count from 1 without a gap, also where one of another person's was between."""
    key = column_list(source.key)
    if source.replaces is not None:
        return
    connection.execute(
        f"UPDATE raw.{source.name} AS log SET version = counted.number FROM ("
        f"SELECT rowid AS place, CAST(ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY version, "
        f"load_sequence, line) AS INTEGER) AS number FROM raw.{source.name} WHERE {key} IN ("
        f"SELECT {key} FROM raw.{source.name} GROUP BY {key} HAVING MAX(version) > COUNT(*))"
        ") AS counted WHERE log.rowid = counted.place"
    )


def _forget_keys(connection: Connection, persons: frozenset[str]) -> None:
    """Keys of rejected rows that adapters make of ids; without its key a row settles no more."""
    connection.execute(
        "UPDATE raw.quarantine SET row_key = NULL WHERE row_key IS NOT NULL AND EXISTS ("
        "SELECT 1 FROM UNNEST($persons) AS those(person) WHERE contains(row_key, person))",
        {"persons": sorted(persons)},
    )


def _redact_texts(connection: Connection, needles: Needles) -> None:
    for table, column in _TEXTS:
        rows = connection.execute(
            f"SELECT rowid, {column} FROM {table} WHERE {column} IS NOT NULL"
        ).fetchall()
        for place, text in rows:
            if needles.are_in(text):
                connection.execute(
                    f"UPDATE {table} SET {column} = $1 WHERE rowid = $2",
                    [needles.redacted(text), place],
                )


def _rename_loads(connection: Connection, engine: DuckDBEngine, persons: frozenset[str]) -> None:
    """A file of one person may be called by their id; one that has rows of others is not."""
    held = " UNION ALL ".join(
        f"SELECT load_id FROM {name}"
        for name in ("raw.quarantine", *(f"raw.{source}" for source in engine.catalog.sources))
    )
    rows = connection.execute(
        f"SELECT load_id, source_file FROM raw.loads WHERE load_id NOT IN ({held})"
    ).fetchall()
    for load_id, name in rows:
        if any(_is_called_by(name, person) for person in persons):
            connection.execute(
                "UPDATE raw.loads SET source_file = $1 WHERE load_id = $2", [ERASED, load_id]
            )


def _is_called_by(name: str, person: str) -> bool:
    """Whether a file name holds an identifier between signs, as c1 in export_c1-2025.csv."""
    return re.search(rf"(?<![^\W_]){re.escape(person)}(?![^\W_])", name) is not None
