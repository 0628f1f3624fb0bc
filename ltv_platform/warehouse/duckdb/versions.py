"""Decides which rows of a staged file are new versions of their keys, and which are repetitions.

The log keeps every accepted version of every row. A row with the same key and values is a
*repetition*: counted, not stored. A row with the same key and other values is a new version;
versions count from 1.
"""

import duckdb

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import column_list, quoted
from ltv_platform.days import day_of_row_sql
from ltv_platform.settings import Settings

Connection = duckdb.DuckDBPyConnection


def number_versions(
    connection: Connection, source: SourceTable, staged: str, load_sequence: int, settings: Settings
) -> None:
    """Create the temporary tables ``earlier`` and ``versions`` for a staged file.

    ``earlier`` has the rows of the log with keys of the file, with their ``day``. ``versions``
    (_line, version) has the rows of the file whose key occurs more than once, in the log or in the
    file; version 0 marks a repetition. All other rows are the only version of their key.

    Args:
        connection: A connection to the warehouse.
        source: The source table.
        staged: Name of the relation of judged rows.
        load_sequence: Position of the rows in the order of receipt.
        settings: For the reporting zone.
    """
    key, values = column_list(source.key), column_list(source.columns)
    day = day_of_row_sql(source, settings)
    same_key = " AND ".join(f"logged.{quoted(c)} = staged.{quoted(c)}" for c in source.key)
    # Sources whose loads replace rows have no versions.
    compared = "FALSE" if source.replaces is not None else "_reasons IS NULL"
    # Keys are searched in the key columns only; other columns are read only for the few matching
    # rows of a large log.
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE earlier AS
        SELECT {values}, load_sequence, line, version, {day} AS day
        FROM raw.{source.name}
        WHERE rowid IN (
          SELECT logged.rowid FROM raw.{source.name} AS logged
          WHERE EXISTS (SELECT 1 FROM {staged} AS staged WHERE {compared} AND {same_key})
        )
    """)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE contested AS
        SELECT DISTINCT {key} FROM earlier
        UNION
        SELECT {key} FROM {staged} WHERE {compared} GROUP BY {key} HAVING COUNT(*) > 1
    """)
    connection.execute(_versions(source, staged, load_sequence))


def _versions(source: SourceTable, staged: str, load_sequence: int) -> str:
    """The statement that numbers the rows of contested keys."""
    key, values = column_list(source.key), column_list(source.columns)
    in_contested = " AND ".join(f"contested.{quoted(c)} = staged.{quoted(c)}" for c in source.key)
    packed = f"ROW({values})"
    order = "ORDER BY load_sequence, line"
    # A dated version repeats any earlier version with the same values; an undated one only the last
    # version before it.
    known_elsewhere = (
        f"""version IS NULL AND updated_at IS NOT NULL AND (
              COUNT(version) OVER (PARTITION BY {values}) > 0
              OR ROW_NUMBER() OVER (PARTITION BY {values} {order}) > 1)"""
        if source.has_updated_at
        else "FALSE"
    )
    return f"""
        CREATE OR REPLACE TEMP TABLE versions AS
        WITH candidates AS (
          SELECT {values}, load_sequence, line, version FROM earlier
          UNION ALL
          SELECT {values}, {load_sequence}, _line, NULL
          FROM {staged} AS staged
          WHERE _reasons IS NULL AND EXISTS (SELECT 1 FROM contested WHERE {in_contested})
        ),
        sifted AS (
          SELECT *, {known_elsewhere} AS known_elsewhere FROM candidates
        ),
        compared AS (
          -- A replayed row stands before later ones in the log, the next of which may equal it.
          SELECT *, version IS NULL AND (
              {packed} IS NOT DISTINCT FROM LAG({packed}) OVER same_key
              OR (LEAD(version) OVER same_key IS NOT NULL
                AND {packed} IS NOT DISTINCT FROM LEAD({packed}) OVER same_key)
            ) AS repeated
          FROM sifted
          WHERE NOT known_elsewhere
          WINDOW same_key AS (PARTITION BY {key} {order})
        ),
        numbered AS (
          -- Behind all versions that the log has, in the order of the file.
          SELECT *,
            COUNT(version) OVER (PARTITION BY {key})
              + COUNT(*) FILTER (WHERE version IS NULL AND NOT repeated)
                OVER (PARTITION BY {key} {order} ROWS UNBOUNDED PRECEDING) AS number
          FROM compared
        )
        SELECT line AS _line, CASE WHEN repeated THEN 0 ELSE CAST(number AS INTEGER) END AS version
        FROM numbered
        WHERE version IS NULL
        UNION ALL
        SELECT line, 0 FROM sifted WHERE known_elsewhere
    """
