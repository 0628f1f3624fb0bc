"""How far a feed reaches: the newest date among the counting rows of the log.

The log keeps every version of a key. An outdated version does not count, so its date must not move
as_of or a watermark, however late it is.
"""

from datetime import date, datetime, timedelta

import duckdb

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import quoted
from ltv_platform.days import day_start
from ltv_platform.settings import Settings

Connection = duckdb.DuckDBPyConnection


def newest_event(
    connection: Connection, source: SourceTable, settings: Settings
) -> date | datetime | None:
    """The newest date among the counting rows of a source; None: it has none.

    This runs in every step, on logs of millions of rows. Most have no second versions, and the
    engine knows the maximum of a column without reading it. Others are searched from the newest
    date down: usually the newest row has a single version, and no other row is read.

    Args:
        connection: A connection to the warehouse.
        source: A source with dated rows.
        settings: For LTV_START_DATE: versions before it do not count.
    """
    assert source.event_time is not None
    log, time = f"raw.{source.name}", quoted(source.event_time)
    since = "TRUE"
    bounds: dict[str, date | datetime] = {}
    if settings.start_date is not None:
        since = f"{time} >= $start"
        start = settings.start_date
        bounds["start"] = start if _one_date(source) else day_start(start, settings)
    newest = _date(connection, f"SELECT MAX({time}) FROM {log} WHERE {since}", bounds)
    if _one_date(source):
        return newest
    deleted = "BOOL_OR(is_deleted)" if source.can_be_deleted else "FALSE"
    [(versions, any_deleted)] = connection.execute(
        f"SELECT MAX(version), {deleted} FROM {log}"
    ).fetchall()
    if versions == 1 and not any_deleted:
        return newest
    counting = _counting(source, since)
    days = 1
    while newest is not None:
        reach = {**bounds, "top": newest, "below": newest - timedelta(days=days)}
        found = _date(connection, counting, reach)
        if found is not None:
            return found
        # Some users load a whole history again.
        days *= 4
        below = {name: value for name, value in reach.items() if name != "top"}
        newest = _date(
            connection, f"SELECT MAX({time}) FROM {log} WHERE {since} AND {time} <= $below", below
        )
    return None


def _counting(source: SourceTable, since: str) -> str:
    """The newest counting date after ``$below`` and up to ``$top``.

    No date after ``$top`` counts. Only keys with a version newer than every row with a single
    version are ranked.
    """
    assert source.event_time is not None
    log, key, time = f"raw.{source.name}", quoted(source.key[0]), quoted(source.event_time)
    deleted = "is_deleted" if source.can_be_deleted else "FALSE"
    newest_first = "load_sequence DESC, line DESC"
    if source.has_updated_at:
        newest_first = f"updated_at DESC NULLS LAST, {newest_first}"
    if source.earliest_counts:
        newest_first = f"{time}, {newest_first}"
    return f"""
        WITH newest AS MATERIALIZED (
          SELECT {key} AS key, {time} AS date, {deleted} AS deleted,
            {key} IN (SELECT {key} FROM {log} WHERE version > 1) AS restated
          FROM {log}
          WHERE {time} > $below AND {time} <= $top AND {since}
        ),
        settled AS (
          SELECT MAX(date) AS date FROM newest WHERE NOT restated AND NOT deleted
        ),
        ranked AS (
          SELECT {time} AS date
          FROM {log}
          WHERE {since} AND {key} IN (
            SELECT key FROM newest
            WHERE restated AND date > COALESCE((SELECT date FROM settled), $below)
          )
          QUALIFY ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY {newest_first}) = 1
            AND NOT {deleted}
        )
        SELECT MAX(date)
        FROM (SELECT date FROM settled UNION ALL SELECT date FROM ranked WHERE date > $below)
    """


def _one_date(source: SourceTable) -> bool:
    """For keys that include the day: all versions of a key have the same date."""
    return source.event_time in source.key


def _date(
    connection: Connection, sql: str, values: dict[str, date | datetime]
) -> date | datetime | None:
    [(found,)] = connection.execute(sql, values).fetchall()
    return found  # type: ignore[no-any-return]
