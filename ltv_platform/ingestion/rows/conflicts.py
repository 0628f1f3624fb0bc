"""Rows of one file that share a key but differ.

Between two files, the later one is a correction. Within one file nothing shows which row is right,
unless ``updated_at`` does: two purchases under one transaction_id nearly always mean a wrong key,
and keeping one would silently lose the other's money. So all rows of such a key are
quarantined. For attributes that change, such as a customer's, the last line wins.
"""

from dataclasses import dataclass

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import column_list, literal, quoted
from ltv_platform.ingestion.adapters.confinement import Connection
from ltv_platform.ingestion.rows.validation import ONLY_BEFORE_START
from ltv_platform.warehouse.engine import Loader


@dataclass(frozen=True)
class Conflicts:
    """The conflicts of a file.

    Attributes:
        rows: Number of rows that share a key with a row that differs.
        keys: Number of these keys.
    """

    rows: int
    keys: int


def find_conflicts(
    connection: Connection,
    engine: Loader,
    source: SourceTable,
    rows: str,
    table: str,
    *,
    load_id: str | None = None,
) -> Conflicts | None:
    """Create a temporary table (_line, reason) of the rows whose keys conflict.

    Args:
        connection: The staging connection.
        engine: The warehouse.
        source: The contract.
        rows: Name of the relation of judged rows; rejected rows are ignored, except those that
            only lie before the start of the partitions, which may move.
        table: Name of the new table.
        load_id: The rows' load, if some of its rows are already in the log.

    Returns:
        The conflicts; None: there are none, and the table does not exist.
    """
    # Spend lines with the same key add up.
    if source.replaces is not None:
        return None
    key, values = column_list(source.key), column_list(source.columns)
    start = ONLY_BEFORE_START.replace("reasons", "_reasons")
    candidates = (
        f"SELECT _line, {values}, TRUE AS own FROM {rows} WHERE _reasons IS NULL OR {start}"
    )
    if load_id is not None:
        of_load = f"SELECT line, {values} FROM raw.{source.name} WHERE load_id = $load_id"
        engine.bring(connection, "others_of_load", of_load, {"load_id": load_id})
        candidates += f" UNION ALL SELECT line, {values}, FALSE FROM others_of_load"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE keys_of_several AS "
        f"SELECT {key} FROM ({candidates}) AS candidates GROUP BY {key} HAVING COUNT(*) > 1"
    )
    if not _count(connection, "SELECT COUNT(*) FROM keys_of_several"):
        return None
    connection.execute(_conflicting(source, candidates, table))
    found = connection.execute(
        f"SELECT COUNT(*), COUNT(*) FILTER (WHERE first_of_key) FROM {table}"
    ).fetchall()[0]
    return Conflicts(*found) if found[0] else None


def note(source: SourceTable, conflicts: Conflicts) -> str:
    """What the user should know about the conflicts."""
    key = ", ".join(source.key)
    if source.last_line_counts:
        return (
            f"{conflicts.keys} {key} appear on several lines with different values: the last line "
            "of each counts"
        )
    return (
        f"{conflicts.rows} rows share their {key} with another row of the file that has different "
        f"values: all of them are in quarantine; {_remedy(source)}"
    )


def _conflicting(source: SourceTable, candidates: str, table: str) -> str:
    """The statement that creates the table; its cost is linear, however many rows share a key."""
    key, values = column_list(source.key), column_list(source.columns)
    same_key = f"PARTITION BY {key}"
    packed = ", ".join(f"{quoted(c.name)} := {quoted(c.name)}" for c in source.columns)
    # If only one version has the newest updated_at, that version counts.
    newest = "TRUE"
    if source.has_updated_at:
        newest = f"updated_at IS NOT DISTINCT FROM MAX(updated_at) OVER ({same_key})"
    differing = ", ".join(
        f"CASE WHEN {quoted(c)} IS DISTINCT FROM first_values[{literal(c)}] THEN {literal(c)} END"
        for c in (column.name for column in source.columns if column.name not in source.key)
    )
    shown = " || ', ' || ".join(f"CAST({quoted(c)} AS VARCHAR)" for c in source.key)
    in_key = " AND ".join(f"keys.{quoted(c)} = judged.{quoted(c)}" for c in source.key)
    return f"""
        CREATE OR REPLACE TEMP TABLE {table} AS
        WITH several AS (
          SELECT _line, own, {values}, {newest} AS newest, struct_pack({packed}) AS all_values
          FROM ({candidates}) AS judged
          WHERE EXISTS (SELECT 1 FROM keys_of_several AS keys WHERE {in_key})
        ),
        beside_first AS (
          SELECT *,
            MIN(_line) FILTER (WHERE newest) OVER ({same_key}) AS first_line,
            ARG_MIN(all_values, _line) FILTER (WHERE newest) OVER ({same_key}) AS first_values
          FROM several
        ),
        compared AS (
          SELECT *, all_values IS DISTINCT FROM first_values AS differs,
            list_filter([{differing}], lambda name: name IS NOT NULL) AS differing
          FROM beside_first
        ),
        told AS (
          -- The first line that differs from the first: the first line's reason names it.
          SELECT *, _line = MIN(_line) OVER ({same_key}) AS first_of_key,
            MIN(_line) FILTER (WHERE newest AND differs) OVER ({same_key}) AS other_line,
            ARG_MIN(differing, _line) FILTER (WHERE newest AND differs) OVER ({same_key})
              AS differing_of_other
          FROM compared
        )
        SELECT _line, first_of_key,
          {literal(", ".join(source.key) + ": ")} || {shown} || ' is also on line '
            || CASE WHEN differs THEN first_line ELSE other_line END || ' with another '
            || array_to_string(CASE WHEN differs THEN differing ELSE differing_of_other END, ', ')
            || {literal("; " + _remedy(source))} AS reason
        FROM told
        WHERE other_line IS NOT NULL AND own
    """


def _remedy(source: SourceTable) -> str:
    updated_at = ", or an updated_at that identifies the newest" if source.has_updated_at else ""
    return (
        "keep the correct one, or give each row its own key, as an adapter can with id || '-' "
        f"|| item{updated_at}"
    )


def _count(connection: Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchall()[0][0])
