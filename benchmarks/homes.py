"""Files and warehouses of synthetic rows.

A history goes straight into the raw log, with the rows that a load leaves behind in ``loads``
and ``touched``: ingestion has its own benchmark. Each function here runs in its own process; see
``processes``.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import data
from benchmarks.processes import Stopwatch
from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.contracts.model import DayOf, DaysFrom
from ltv_platform.ingestion.rows.start_date import read_start, write_start
from ltv_platform.refresh.build import build_table
from ltv_platform.settings import Settings
from ltv_platform.warehouse import planner
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine
from ltv_platform.warehouse.duckdb.raw_log import next_sequence, transaction
from ltv_platform.workspace import Workspace

#: Making rows sorts millions of them, which must leave room on a small machine.
_MEMORY = "4GB"
_CONFIG: dict[str, Any] = {"memory_limit": _MEMORY}


def open_home(home: str | Path, last: int, **settings: Any) -> Workspace:
    """The workspace of a home on the day after the given one.

    Args:
        home: Its folder.
        last: Number of the last day with data; the clock is at noon of the next day.
        settings: Further settings, as in ``horizons``.
    """
    noon = datetime.combine(data.day(last) + timedelta(days=1), time(12), UTC)
    return Workspace(Settings(home=Path(home), now=noon, **settings))


def embedded(workspace: Workspace) -> DuckDBEngine:
    """The engine of a workspace, with the connection that benchmarks look into."""
    return DuckDBEngine(workspace.settings, workspace.catalog)


def under(horizons: Iterable[int] | None) -> dict[str, Any]:
    """Settings for those horizons of cohorts; the default ones if None."""
    return {} if horizons is None else {"horizons": tuple(horizons)}


def write_files(
    _: Stopwatch, *, folder: str, scale: float, first: int, last: int, sources: Iterable[str]
) -> dict[str, int]:
    """A CSV file per source; returns its rows."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    rows = {}
    with duckdb.connect(config=_CONFIG | {"temp_directory": folder}) as connection:
        for source in sources:
            select = data.select(source, data.Scale(scale), first, last)
            if source == "transactions":
                later = data.corrections(data.Scale(scale), first, last)
                select = f"({select}) UNION ALL ({later})"
            file = literal(str(Path(folder) / f"{source}.csv"))
            rows[source] = _count(connection, f"COPY ({select}) TO {file} (FORMAT csv, HEADER)")
    return rows


#: The day of a row of a file; costs of sessions come on the day of their session.
_DAY_OF_ROW = {
    "fx_rates": "date",
    "campaign_costs": "date",
    "customers": "CAST(registration_date AS DATE)",
    "transactions": "CAST(transaction_date AS DATE)",
    "customer_interactions": "CAST(interaction_date AS DATE)",
    "session_sources": "event_date",
    "session_costs": "(SELECT event_date FROM session_sources AS sessions "
    "WHERE sessions.session_id = session_costs.session_id)",
    "conversions": "conv_date",
}


def write_days(_: Stopwatch, folder: str, scale: float, first: int, last: int) -> None:
    """A folder per day with a CSV file per source; campaigns are known already."""
    with duckdb.connect(config=_CONFIG) as connection:
        for source in _DAY_OF_ROW:
            select = data.select(source, data.Scale(scale), first, last)
            connection.execute(f"CREATE TABLE {source} AS {select}").fetchall()
        for number in range(first, last + 1):
            day_folder = Path(folder) / str(number)
            day_folder.mkdir(parents=True)
            for source, day in _DAY_OF_ROW.items():
                file = literal(str(day_folder / f"{source}.csv"))
                connection.execute(
                    f"COPY (SELECT * FROM {source} WHERE {day} = DATE '{data.day(number)}') "
                    f"TO {file} (FORMAT csv, HEADER)"
                ).fetchall()


def fill(
    watch: Stopwatch,
    *,
    home: str,
    scale: float,
    first: int,
    last: int,
    sources: Iterable[str] = data.SOURCES,
) -> dict[str, int]:
    """Rows of the days ``first`` to ``last`` into the raw log; returns rows per source."""
    workspace = open_home(home, last, memory_limit=_MEMORY)
    catalog, rows = workspace.engine.catalog, {}
    write_start(workspace.settings, data.START)
    with watch.step("fill"), embedded(workspace).session() as connection:
        for source in sources:
            select = data.select(source, data.Scale(scale), first, last)
            rows[source] = _append(connection, catalog.sources[source], select, first, version=1)
            if source == "transactions":
                select = data.corrections(data.Scale(scale), first, last)
                _append(connection, catalog.sources[source], select, first, version=2)
    return rows


def _append(
    connection: duckdb.DuckDBPyConnection,
    source: SourceTable,
    select: str,
    first: int,
    version: int,
) -> int:
    given = {name for name, *_ in connection.execute(f"DESCRIBE {select}").fetchall()}
    columns = [
        f"CAST({quoted(c.name) if c.name in given else c.default or 'NULL'} AS {c.type}) "
        f"AS {quoted(c.name)}"
        for c in source.columns
    ]
    columns += [f"{sql} AS {quoted(column.name)}" for column, sql in source.computed]
    name = f"{source.name}_{first}_{version}"
    with transaction(connection):
        sequence = next_sequence(connection)
        rows = _count(
            connection,
            f"INSERT INTO {source.log.full_name} BY NAME SELECT {', '.join(columns)}, "
            "$name AS load_id, $name AS source_file, 1 + row_number() OVER () AS line, "
            "CAST($received AS TIMESTAMP) AS received_at, $sequence AS load_sequence, "
            f"$version AS version FROM ({select}) AS rows_of_file",
            {"name": name, "received": data.day(first), "sequence": sequence, "version": version},
        )
        connection.execute(
            "INSERT INTO raw.loads BY NAME SELECT $name AS load_id, $table AS table_name, "
            "$name AS source_file, NULL AS adapter, $rows AS rows_in_file, 0 AS rows_skipped, "
            "$rows AS rows_received, $rows AS rows_accepted, 0 AS rows_quarantined, "
            "0 AS rows_repeated, CAST($received AS TIMESTAMP) AS loaded_at",
            {"name": name, "table": source.name, "rows": rows, "received": data.day(first)},
        )
        _touch(connection, source, name, sequence)
    return rows


def _touch(
    connection: duckdb.DuckDBPyConnection, source: SourceTable, load: str, sequence: int
) -> None:
    """Mark the days of a load, as ``raw_log`` does it for files."""
    touches = source.touches
    if isinstance(touches, DaysFrom):
        days = (
            f"SELECT DISTINCT {source.event_time} + CAST(after AS INTEGER) AS day "
            f"FROM raw.{source.name}, UNNEST(GENERATE_SERIES(0, {touches.after})) AS days(after) "
            "WHERE load_id = $load"
        )
    elif isinstance(touches, DayOf):
        # Those of all sessions: costs come with them.
        parent = touches.source
        days = f"SELECT DISTINCT CAST({parent.event_time} AS DATE) AS day FROM raw.{parent.name}"
    elif source.event_time is None:
        days = "SELECT CAST(NULL AS DATE) AS day"
    else:
        days = (
            f"SELECT DISTINCT CAST({quoted(source.event_time)} AS DATE) AS day "
            f"FROM {source.log.full_name} WHERE load_id = $load"
        )
    parameters = {"load": load} if "$load" in days else {}
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE touched_days AS "
        f"SELECT '{source.name}' AS table_name, day FROM ({days}) AS days "
        "UNION ALL SELECT 'loads', NULL",
        parameters,
    )
    connection.execute(
        "DELETE FROM raw.touched WHERE EXISTS (SELECT 1 FROM touched_days "
        "WHERE touched_days.table_name = raw.touched.table_name "
        "AND touched_days.day IS NOT DISTINCT FROM raw.touched.day)"
    )
    connection.execute(
        "INSERT INTO raw.touched BY NAME SELECT $sequence AS seq, table_name, day "
        "FROM touched_days",
        {"sequence": sequence},
    )


def build(watch: Stopwatch, home: str, last: int, horizons: Iterable[int] | None = None) -> None:
    """Build everything that is stale, one step per table."""
    workspace = open_home(home, last, **under(horizons))
    engine, graph = workspace.engine, workspace.graph
    with watch.step("planner"):
        stale = planner.plan(
            graph, engine.state(), read_start(workspace.settings), workspace.settings.today()
        )
    for transform in graph.transforms:
        if transform.name in stale.assets:
            with watch.step(transform.name):
                build_table(engine, transform, stale.days.get(transform.name))


def extend(watch: Stopwatch, home: str, scale: float, first: int, last: int) -> dict[str, int]:
    """Fill in some days and build everything that is then stale; returns rows per source."""
    rows = fill(watch, home=home, scale=scale, first=first, last=last)
    build(watch, home, last)
    return rows


def export_core(_: Stopwatch, home: str, folder: str, last: int) -> dict[str, int]:
    """What the frames read: core tables as Parquet, money in whole millionths."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    selects = {
        "customers": "SELECT customer_id, install_ts, install_date, campaign_id, country "
        "FROM core.customers",
        "transactions": "SELECT customer_id, event_ts, "
        "CAST(amount * 1000000 AS BIGINT) AS amount, is_refund FROM core.transactions",
        "interactions": "SELECT customer_id, event_ts FROM core.interactions",
        "sessions": "SELECT user_id AS customer_id, event_ts FROM core.sessions",
    }
    with embedded(open_home(home, last)).session() as connection:
        return {
            name: _count(
                connection,
                f"COPY ({select}) TO {literal(str(Path(folder) / f'{name}.parquet'))} "
                "(FORMAT parquet)",
            )
            for name, select in selects.items()
        }


def _count(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any] | None = None
) -> int:
    return int(connection.execute(sql, parameters or {}).fetchall()[0][0])
