"""The SQL by which one staged file enters the raw log; the caller's transaction holds it all.

The log keeps every accepted version of every row, see ``versions``.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

import duckdb

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import column_list, quoted
from ltv_platform.days import day_of_sql
from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb.versions import number_versions
from ltv_platform.warehouse.engine import Load, LoadCounts

Connection = duckdb.DuckDBPyConnection

#: An exchange rate serves its own day and the seven after (rates skip weekends).
_RATE_DAYS = 7

#: Opens the name of a row of ``touched`` that says when a load last told days in a zone.
TOUCHED_IN = "days in "


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All of what happens inside, or nothing; the connection stays usable either way."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:  # an interrupt, too, must leave no transaction open
        with suppress(duckdb.Error):  # a failed COMMIT has rolled back already
            connection.execute("ROLLBACK")
        raise


def append_load(
    connection: Connection,
    load: Load,
    staged: str,
    rejected: str,
    settings: Settings,
    *,
    place: int | None = None,
) -> LoadCounts:
    """Append the staged rows to the log, with their loads, quarantine and touched rows.

    Args:
        connection: A connection to the warehouse, inside a :func:`transaction`.
        load: The file.
        staged: Name of the temporary view made by ``ingestion.judging.judge``; rows with
            reasons are left out.
        rejected: Name of a temporary table (line, reasons, raw, row_key) of what goes to
            quarantine.
        settings: For the reporting zone.
        place: Where the rows stand in the order of receipt; None: behind all others.

    Returns:
        The row of ``loads``.
    """
    source = load.table
    sequence = next_sequence(connection)
    place = sequence if place is None else place
    number_versions(connection, source, staged, place, settings)
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW accepted AS "
        "SELECT staged.*, COALESCE(versions.version, 1) AS version "
        f"FROM {staged} AS staged LEFT JOIN versions USING (_line) "
        "WHERE _reasons IS NULL AND COALESCE(versions.version, 1) > 0"
    )
    origin = {
        "load_id": load.load_id,
        "source_file": load.source_file,
        "received_at": load.received_at,
    }
    accepted = _count(
        connection,
        f"INSERT INTO raw.{source.name} BY NAME SELECT {column_list(source.stored_values)}, "
        "$load_id AS load_id, $source_file AS source_file, _line AS line, "
        "$received_at AS received_at, $place AS load_sequence, version FROM accepted",
        {**origin, "place": place},
    )
    quarantined = _count(
        connection,
        "INSERT INTO raw.quarantine BY NAME SELECT $table AS table_name, $load_id AS load_id, "
        "$source_file AS source_file, line, reasons, raw, $adapter AS adapter, "
        "$received_at AS quarantined_at, row_key "
        f"FROM {rejected} ORDER BY line",
        {**origin, "table": source.name, "adapter": load.adapter},
    )
    unread = connection.execute(
        "SELECT name, COUNT(*) FROM (SELECT UNNEST(_unread) AS name FROM accepted) AS unread "
        "GROUP BY name ORDER BY name"
    ).fetchall()
    good = _count(connection, f"SELECT COUNT(*) FROM {staged} WHERE _reasons IS NULL")
    received = good + quarantined
    counts = LoadCounts(
        load_id=load.load_id,
        table_name=source.name,
        source_file=load.source_file,
        adapter=load.adapter,
        content_hash=load.content_hash,
        rows_in_file=load.rows_in_file,
        rows_skipped=load.rows_in_file - received,
        rows_received=received,
        rows_accepted=accepted,
        rows_quarantined=quarantined,
        rows_repeated=good - accepted,
        attributes_unread=json.dumps(dict(unread)) if unread else None,
        rounded=_count(connection, "SELECT COALESCE(SUM(_rounded), 0) FROM accepted"),
        loaded_at=load.received_at,
    )
    connection.execute(
        "INSERT INTO raw.loads BY NAME SELECT "
        + ", ".join(f"${name} AS {name}" for name in asdict(counts)),
        asdict(counts),
    )
    # The days of all versions, old and new, of the keys that the load brought.
    touched = (
        f"SELECT DISTINCT $table AS table_name, day FROM ({_touched_days(source, settings)}) "
        # Every load bears on loads and perhaps quarantine, whatever became of its rows.
        "UNION ALL SELECT 'loads', NULL"
    )
    touch(connection, touched, sequence, settings, {"table": source.name})
    return counts


def place_of(connection: Connection, source: SourceTable, load_id: str) -> int:
    """Where a load stands in the order of receipt, also if none of its rows was accepted.

    Rows that are replayed take the place that their file had: what came later still counts as
    newer, as it would if everything were loaded again. A load without an accepted row left no
    number behind; but every load drew one, so the numbers between its neighbours' are free.
    """
    return _count(
        connection,
        "WITH placed AS ("
        "SELECT loads.load_id, loads.rowid AS ordinal, MAX(load_sequence) AS place "
        f"FROM raw.loads AS loads LEFT JOIN raw.{source.name} AS log USING (load_id) "
        "WHERE table_name = $table GROUP BY ALL), "
        "own AS (SELECT ordinal, place FROM placed WHERE load_id = $load_id), "
        "earlier AS (SELECT placed.ordinal, placed.place FROM placed, own "
        "WHERE placed.ordinal < own.ordinal AND placed.place IS NOT NULL "
        "ORDER BY placed.place DESC, placed.ordinal DESC LIMIT 1) "
        "SELECT COALESCE(own.place, COALESCE((SELECT place FROM earlier), 0) + "
        "(SELECT COUNT(*) FROM placed WHERE placed.ordinal <= own.ordinal "
        "AND placed.ordinal > COALESCE((SELECT ordinal FROM earlier), -1))) FROM own",
        {"table": source.name, "load_id": load_id},
    )


def touch(
    connection: Connection,
    days: str,
    sequence: int,
    settings: Settings,
    values: Mapping[str, Any] | None = None,
) -> None:
    """Mark days of source tables as changed, for the planner.

    Args:
        connection: A connection to the warehouse, inside a :func:`transaction`.
        days: A SELECT of distinct (table_name, day).
        sequence: The number of the change.
        settings: For the reporting zone, in which the days are told.
        values: Parameters of the SELECT.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE touched_days AS "
        f"SELECT table_name, day FROM ({days}) AS days "
        "UNION ALL SELECT $zone, NULL",
        {**(values or {}), "zone": TOUCHED_IN + settings.timezone},
    )
    connection.execute(
        "DELETE FROM raw.touched WHERE EXISTS (SELECT 1 FROM touched_days "
        "WHERE touched_days.table_name = raw.touched.table_name "
        "AND touched_days.day IS NOT DISTINCT FROM raw.touched.day)"
    )
    connection.execute(
        "INSERT INTO raw.touched BY NAME "
        "SELECT $sequence AS seq, table_name, day FROM touched_days",
        {"sequence": sequence},
    )


def next_sequence(connection: Connection) -> int:
    """A number greater than that of every touch and write committed so far.

    Transactions of the one writer follow one another, so the numbers that they record are the
    sequence; DuckDB's own sequences lose values that no committed write has used.
    """
    return _count(
        connection,
        "SELECT 1 + GREATEST((SELECT COALESCE(MAX(seq), 0) FROM raw.touched), "
        "(SELECT COALESCE(MAX(seq), 0) FROM raw.built))",
    )


def _touched_days(source: SourceTable, settings: Settings) -> str:
    if source.name == "fx_rates":
        return (
            "SELECT date + CAST(days.after AS INTEGER) AS day FROM accepted, "
            f"UNNEST(GENERATE_SERIES(0, {_RATE_DAYS})) AS days(after)"
        )
    if source.name == "session_costs":
        return (
            f"SELECT {day_of_sql('session_ts', settings)} AS day FROM raw.session_sources "
            "WHERE session_id IN (SELECT session_id FROM accepted)"
        )
    if not source.partitioned:
        return "SELECT CAST(NULL AS DATE) AS day FROM accepted"
    same_key = " AND ".join(f"earlier.{quoted(c)} = accepted.{quoted(c)}" for c in source.key)
    return (
        "SELECT _day AS day FROM accepted UNION ALL "
        f"SELECT day FROM earlier WHERE EXISTS (SELECT 1 FROM accepted WHERE {same_key})"
    )


def _count(connection: Connection, sql: str, values: Mapping[str, Any] | None = None) -> int:
    return int(connection.execute(sql, dict(values or {})).fetchall()[0][0])
