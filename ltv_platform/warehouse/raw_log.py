"""The SQL by which one staged file enters the raw log: all of it in one transaction.

The log keeps every accepted version of every row. Same key and same values again is
*repeated*: counted, not stored. Same key and other values is a new version. Sources whose loads
replace (campaign costs) have no versions: each load stands for itself.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

import duckdb

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import column_list, quoted
from ltv_platform.days import day_of_sql
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Load, LoadCounts

Connection = duckdb.DuckDBPyConnection

#: An exchange rate serves its own day and the seven after (rates skip weekends).
_RATE_DAYS = 7

_BEFORE_START_HINT = (
    " (LTV_START_DATE): set it earlier, then run `ltv quarantine replay {table}`"
)


def known_load(connection: Connection, load_id: str) -> LoadCounts | None:
    """The row of ``loads`` of an earlier load of the same content, if there was one."""
    row = connection.execute(
        "SELECT load_id, table_name, source_file, adapter, rows_in_file, rows_skipped, "
        "rows_received, rows_accepted, rows_quarantined, rows_repeated, loaded_at "
        "FROM raw.loads WHERE load_id = $load_id",
        {"load_id": load_id},
    ).fetchone()
    return None if row is None else LoadCounts(*row)


def append_load(
    connection: Connection, load: Load, staged: str, start: date | None, settings: Settings
) -> LoadCounts:
    """Append the staged rows to the log, with their loads, quarantine and touched rows.

    Args:
        connection: A connection to the warehouse that also holds the temporary tables
            ``malformed`` (line, raw, reason) and ``staged``.
        load: The file.
        staged: Name of the temporary table made by ``ingestion.validation.staging_select``.
        start: First partition; rows of partitioned sources before it are quarantined.
        settings: For the reporting zone.

    Returns:
        The row of ``loads``.
    """
    source = load.table
    connection.execute("BEGIN")
    sequence = next_sequence(connection)
    if source.partitioned and start is not None:
        connection.execute(
            f"UPDATE {staged} SET _reasons = list_append(COALESCE(_reasons, []), "
            f"'{source.event_time}: ' || _day || ' lies before the first partition ' || $start "
            "|| $hint) WHERE _day < $start",
            {"start": start, "hint": _BEFORE_START_HINT.format(table=source.name)},
        )
    _number_versions(connection, source, staged)
    values = {
        "load_id": load.load_id,
        "source_file": load.source_file,
        "received_at": load.received_at,
        "sequence": sequence,
    }
    accepted = _count(
        connection,
        f"INSERT INTO raw.{source.name} BY NAME SELECT {column_list(source.stored_values)}, "
        "$load_id AS load_id, $source_file AS source_file, _line AS line, "
        "$received_at AS received_at, $sequence AS load_sequence, version "
        f"FROM {staged} JOIN versions USING (_line) WHERE NOT repeated ORDER BY _line",
        values,
    )
    quarantined = _count(
        connection,
        "INSERT INTO raw.quarantine BY NAME SELECT $table AS table_name, $load_id AS load_id, "
        "$source_file AS source_file, line, reasons, raw, $adapter AS adapter, "
        "$received_at AS quarantined_at, CAST(NULL AS TIMESTAMP) AS replayed_at "
        f"FROM (SELECT _line AS line, _reasons AS reasons, _raw AS raw FROM {staged} "
        "WHERE _reasons IS NOT NULL UNION ALL SELECT line, [reason], raw FROM malformed) AS bad "
        "ORDER BY line",
        {
            "table": source.name,
            "load_id": load.load_id,
            "source_file": load.source_file,
            "adapter": load.adapter,
            "received_at": load.received_at,
        },
    )
    received = _count(connection, f"SELECT (SELECT COUNT(*) FROM {staged}) + COUNT(*) FROM malformed")
    counts = LoadCounts(
        load_id=load.load_id,
        table_name=source.name,
        source_file=load.source_file,
        adapter=load.adapter,
        rows_in_file=load.rows_in_file,
        rows_skipped=load.rows_in_file - received,
        rows_received=received,
        rows_accepted=accepted,
        rows_quarantined=quarantined,
        rows_repeated=received - accepted - quarantined,
        loaded_at=load.received_at,
    )
    connection.execute(
        "INSERT INTO raw.loads VALUES ($load_id, $table_name, $source_file, $adapter, "
        "$rows_in_file, $rows_skipped, $rows_received, $rows_accepted, $rows_quarantined, "
        "$rows_repeated, $loaded_at)",
        asdict(counts),
    )
    _touch(connection, source, load.load_id, sequence, settings)
    connection.execute("COMMIT")
    return counts


def _number_versions(connection: Connection, source: SourceTable, staged: str) -> None:
    """Temporary table ``versions``: (_line, version, repeated) of every good staged row."""
    if source.replaces is not None:
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE versions AS "
            f"SELECT _line, 1 AS version, FALSE AS repeated FROM {staged} WHERE _reasons IS NULL"
        )
        return
    key = column_list(source.key)
    same_key = " AND ".join(f"logged.{quoted(c)} = staged.{quoted(c)}" for c in source.key)
    values = column_list(source.columns)
    # Only keys that occur more than once, in the log or in this file, need a closer look.
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE earlier AS SELECT {values}, load_sequence, line, version "
        f"FROM raw.{source.name} AS logged WHERE EXISTS (SELECT 1 FROM {staged} AS staged "
        f"WHERE _reasons IS NULL AND {same_key})"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE contested AS SELECT DISTINCT {key} FROM earlier UNION "
        f"SELECT {key} FROM {staged} WHERE _reasons IS NULL GROUP BY {key} HAVING COUNT(*) > 1"
    )
    packed = f"ROW({values})"
    received = "ORDER BY load_sequence, line"
    repeated = f"{packed} IS NOT DISTINCT FROM LAG({packed}) OVER (PARTITION BY {key} {received})"
    if source.has_updated_at:
        # A dated version says itself where it belongs, so it is known wherever it stood before.
        repeated = (
            f"({repeated} OR (updated_at IS NOT NULL AND "
            f"ROW_NUMBER() OVER (PARTITION BY {values} {received}) > 1))"
        )
    in_contested = f"EXISTS (SELECT 1 FROM contested AS logged WHERE {same_key})"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE versions AS WITH judged AS ("
        f"SELECT {values}, load_sequence, line, version AS known, {repeated} AS repeated FROM ("
        f"SELECT {values}, load_sequence, line, version FROM earlier UNION ALL "
        # Behind every version of the log, in the order of the file.
        f"SELECT {values}, 9223372036854775807, _line, NULL FROM {staged} AS staged "
        f"WHERE _reasons IS NULL AND {in_contested}) AS candidates) "
        "SELECT line AS _line, CAST(numbered AS INTEGER) AS version, repeated FROM ("
        "SELECT *, COUNT(*) FILTER (WHERE known IS NOT NULL OR NOT repeated) OVER "
        f"(PARTITION BY {key} {received} ROWS UNBOUNDED PRECEDING) AS numbered FROM judged"
        ") AS numbers WHERE known IS NULL "
        f"UNION ALL SELECT _line, 1, FALSE FROM {staged} AS staged "
        f"WHERE _reasons IS NULL AND NOT {in_contested}"
    )


def _touch(
    connection: Connection, source: SourceTable, load_id: str, sequence: int, settings: Settings
) -> None:
    """Mark the days of all versions, old and new, of the keys that the load brought."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE touched_days AS SELECT $table AS table_name, day "
        f"FROM ({_touched_days(source, settings)}) AS days "
        # Every load changes loads and perhaps quarantine, whatever became of its rows.
        "UNION ALL SELECT 'loads', NULL",
        {"load_id": load_id, "table": source.name},
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
    log = f"raw.{source.name}"
    loaded = f"(SELECT * FROM {log} WHERE load_id = $load_id)"
    if source.name == "fx_rates":
        return (
            f"SELECT DISTINCT date + CAST(days.after AS INTEGER) AS day FROM {loaded} AS rates, "
            f"UNNEST(GENERATE_SERIES(0, {_RATE_DAYS})) AS days(after)"
        )
    if source.name == "session_costs":
        return (
            f"SELECT DISTINCT {day_of_sql('session_ts', settings)} AS day FROM raw.session_sources "
            f"WHERE session_id IN (SELECT session_id FROM {loaded} AS costs)"
        )
    if source.event_time is None:
        return f"SELECT DISTINCT CAST(NULL AS DATE) AS day FROM {loaded} AS rows_of_load"
    if source.replaces is not None:
        return f"SELECT DISTINCT {quoted(source.event_time)} AS day FROM {loaded} AS costs"
    same_key = " AND ".join(f"logged.{quoted(c)} = loaded.{quoted(c)}" for c in source.key)
    return (
        f"SELECT DISTINCT {day_of_sql(f'logged.{source.event_time}', settings)} AS day "
        f"FROM {log} AS logged "
        f"WHERE EXISTS (SELECT 1 FROM {loaded} AS loaded WHERE {same_key})"
    )


def _count(connection: Connection, sql: str, values: Mapping[str, Any] | None = None) -> int:
    row = connection.execute(sql, dict(values or {})).fetchone()
    assert row is not None
    return int(row[0])
