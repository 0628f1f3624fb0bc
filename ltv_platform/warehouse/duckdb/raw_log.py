"""SQL that appends a staged file to the raw log, inside the caller's transaction.

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
from ltv_platform.contracts.model import DayOf, DaysFrom, WholeTable
from ltv_platform.days import day_of_row_sql
from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb.versions import number_versions
from ltv_platform.warehouse.engine import Load, LoadCounts

Connection = duckdb.DuckDBPyConnection


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Commit everything inside, or nothing; the connection stays usable either way."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:  # even an interrupt must not leave a transaction open
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
    load_sequence: int | None = None,
) -> LoadCounts:
    """Append the staged rows to the log, with their loads, quarantine and touched rows.

    Args:
        connection: A connection to the warehouse, inside a :func:`transaction`.
        load: The file.
        staged: Name of the relation of :attr:`Judged.rows`; rows with reasons are left out.
        rejected: Name of a temporary table (line, reasons, raw, row_key) of the rows for
            quarantine.
        settings: For the reporting zone.
        load_sequence: Position of the rows in the order of receipt; None: after all others.

    Returns:
        The row of ``loads``.
    """
    source = load.table
    sequence = next_sequence(connection)
    load_sequence = sequence if load_sequence is None else load_sequence
    number_versions(connection, source, staged, load_sequence, settings)
    connection.execute(f"""
        CREATE OR REPLACE TEMP VIEW accepted AS
        SELECT staged.*, COALESCE(versions.version, 1) AS version
        FROM {staged} AS staged
        LEFT JOIN versions USING (_line)
        WHERE _reasons IS NULL AND COALESCE(versions.version, 1) > 0
    """)
    counts = _counted(
        connection,
        load,
        accepted=_append_accepted(connection, load, load_sequence),
        quarantined=_append_rejected(connection, load, rejected),
        good=_count(connection, f"SELECT COUNT(*) FROM {staged} WHERE _reasons IS NULL"),
    )
    values = asdict(counts)
    parameters = ", ".join(f"${name} AS {name}" for name in values)
    connection.execute(f"INSERT INTO raw.loads BY NAME SELECT {parameters}", values)
    touched = f"""
        SELECT DISTINCT $table AS table_name, day
        FROM ({_touched_days(source, settings)}) AS days
        UNION ALL
        -- Every load changes loads and perhaps quarantine, even if no row was accepted.
        SELECT 'loads', NULL
    """
    touch(connection, touched, sequence, settings, {"table": source.name})
    return counts


def _append_accepted(connection: Connection, load: Load, load_sequence: int) -> int:
    source = load.table
    return _count(
        connection,
        f"""
        INSERT INTO raw.{source.name} BY NAME
        SELECT
          {column_list(source.stored_values)},
          $load_id AS load_id,
          $source_file AS source_file,
          _line AS line,
          $received_at AS received_at,
          $load_sequence AS load_sequence,
          version
        FROM accepted
        """,
        {
            "load_id": load.load_id,
            "source_file": load.source_file,
            "received_at": load.received_at,
            "load_sequence": load_sequence,
        },
    )


def _append_rejected(connection: Connection, load: Load, rejected: str) -> int:
    return _count(
        connection,
        f"""
        INSERT INTO raw.quarantine BY NAME
        SELECT
          $table AS table_name,
          $load_id AS load_id,
          $source_file AS source_file,
          line,
          reasons,
          raw,
          $adapter AS adapter,
          $received_at AS quarantined_at,
          row_key
        FROM {rejected}
        ORDER BY line
        """,
        {
            "table": load.table.name,
            "load_id": load.load_id,
            "source_file": load.source_file,
            "adapter": load.adapter,
            "received_at": load.received_at,
        },
    )


def _counted(
    connection: Connection, load: Load, *, accepted: int, quarantined: int, good: int
) -> LoadCounts:
    unread = connection.execute("""
        WITH attributes AS (SELECT UNNEST(_unread) AS name FROM accepted)
        SELECT name, COUNT(*) FROM attributes GROUP BY name ORDER BY name
    """).fetchall()
    received = good + quarantined
    return LoadCounts(
        load_id=load.load_id,
        table_name=load.table.name,
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


def load_sequence_of(connection: Connection, source: SourceTable, load_id: str) -> int:
    """The position of a load in the order of receipt, even if none of its rows was accepted.

    Replayed rows get the position of their file: later rows still count as newer, as if everything
    were loaded again. A load without accepted rows left no number in the log; but every load drew
    one, so a number between those of its neighbors is free.
    """
    return _count(
        connection,
        f"""
        WITH numbered AS (
          SELECT loads.load_id, loads.rowid AS ordinal, MAX(load_sequence) AS load_sequence
          FROM raw.loads AS loads
          LEFT JOIN raw.{source.name} AS log USING (load_id)
          WHERE table_name = $table
          GROUP BY ALL
        ),
        own AS (
          SELECT ordinal, load_sequence FROM numbered WHERE load_id = $load_id
        ),
        earlier AS (
          SELECT numbered.ordinal, numbered.load_sequence
          FROM numbered, own
          WHERE numbered.ordinal < own.ordinal AND numbered.load_sequence IS NOT NULL
          ORDER BY numbered.load_sequence DESC, numbered.ordinal DESC
          LIMIT 1
        ),
        since_earlier AS (
          SELECT COUNT(*) AS loads
          FROM numbered, own
          WHERE numbered.ordinal <= own.ordinal
            AND numbered.ordinal > COALESCE((SELECT ordinal FROM earlier), -1)
        )
        SELECT COALESCE(
          own.load_sequence,
          COALESCE((SELECT load_sequence FROM earlier), 0) + (SELECT loads FROM since_earlier)
        )
        FROM own
        """,
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
        settings: For the reporting zone of the days.
        values: Parameters of the SELECT.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE touched_days AS
        SELECT table_name, day, CASE WHEN table_name = 'loads' THEN $zone END AS zone
        FROM ({days}) AS days
        """,
        {**(values or {}), "zone": settings.timezone},
    )
    connection.execute("""
        DELETE FROM raw.touched
        WHERE EXISTS (
          SELECT 1
          FROM touched_days
          WHERE touched_days.table_name = touched.table_name
            AND touched_days.day IS NOT DISTINCT FROM touched.day
            AND touched_days.zone IS NOT DISTINCT FROM touched.zone
        )
    """)
    connection.execute(
        """
        INSERT INTO raw.touched BY NAME
        SELECT $sequence AS seq, table_name, day, zone FROM touched_days
        """,
        {"sequence": sequence},
    )


def next_sequence(connection: Connection) -> int:
    """A number greater than those of all committed touches and writes.

    There is one writer, so transactions are sequential and the recorded numbers form a sequence;
    DuckDB's own sequences would lose the values of rolled-back transactions.
    """
    return _count(
        connection,
        """
        SELECT 1 + GREATEST(
          (SELECT COALESCE(MAX(seq), 0) FROM raw.touched),
          (SELECT COALESCE(MAX(seq), 0) FROM raw.built)
        )
        """,
    )


def _touched_days(source: SourceTable, settings: Settings) -> str:
    """A SELECT of the days that the accepted rows make stale; NULL: the whole table."""
    touches = source.touches
    if isinstance(touches, WholeTable):
        return "SELECT CAST(NULL AS DATE) AS day FROM accepted"
    if isinstance(touches, DaysFrom):
        return f"""
            SELECT _day + CAST(days.after AS INTEGER) AS day
            FROM accepted, UNNEST(GENERATE_SERIES(0, {touches.after})) AS days(after)
        """
    if isinstance(touches, DayOf):
        same_key = " AND ".join(f"log.{quoted(c)} = accepted.{quoted(c)}" for c in source.key)
        return f"""
            SELECT {day_of_row_sql(touches.source, settings)} AS day
            FROM raw.{touches.source.name} AS log
            WHERE EXISTS (SELECT 1 FROM accepted WHERE {same_key})
        """
    same_key = " AND ".join(f"earlier.{quoted(c)} = accepted.{quoted(c)}" for c in source.key)
    return f"""
        SELECT _day AS day FROM accepted
        UNION ALL
        SELECT day FROM earlier WHERE EXISTS (SELECT 1 FROM accepted WHERE {same_key})
    """


def _count(connection: Connection, sql: str, values: Mapping[str, Any] | None = None) -> int:
    return int(connection.execute(sql, dict(values or {})).fetchall()[0][0])
