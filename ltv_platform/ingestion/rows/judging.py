"""Judges the rows of a file: typed, with reasons, without those of erased persons."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ltv_platform.contracts import SourceTable
from ltv_platform.ingestion.adapters.apply import Adapted
from ltv_platform.ingestion.adapters.confinement import Connection
from ltv_platform.ingestion.rows.conflicts import find_conflicts, note
from ltv_platform.ingestion.rows.validation import staging_select
from ltv_platform.ingestion.suppression.keys import leave_out
from ltv_platform.warehouse.engine import Loader

#: How far the clocks of sources may be ahead of ours.
FUTURE_ALLOWED = timedelta(hours=24)


@dataclass(frozen=True)
class Judgement:
    """The result of judging the rows of a file.

    Attributes:
        rows: Number of rows: valid, rejected and left out.
        notes: What the user should know about them.
    """

    rows: int
    notes: list[str]


def judge(
    connection: Connection,
    engine: Loader,
    source: SourceTable,
    adapted: Adapted,
    *,
    received_at: datetime,
    start: date | None,
    rows: str,
    load_id: str | None = None,
) -> Judgement:
    """Create the temporary view ``rows`` of typed rows with their reasons; see ``validation``.

    The view leaves out rows of erased persons; their row ids are in the temporary table
    ``left_out_…``.

    Args:
        connection: The staging connection.
        engine: The warehouse, which is only read.
        source: The contract.
        adapted: The rows as text.
        received_at: When the file was received (UTC).
        start: First partition; None: not settled yet.
        rows: Name of the new view.
        load_id: The rows' load, if they are tried again.

    Returns:
        The number of rows, and what the user should know about them.
    """
    select = staging_select(
        source, adapted.columns, adapted.select, engine.settings, start, defaults=adapted.defaults
    )
    latest = {"latest": received_at + FUTURE_ALLOWED} if "$latest" in select else {}
    connection.execute(f"CREATE OR REPLACE TEMP TABLE judged_{rows} AS {select}", latest)
    # Rows are in file order, so a row's position in the table gives its number.
    line = f", rowid + {adapted.first_line} AS _line" if adapted.first_line is not None else ""
    left_out = f"left_out_{rows}"
    kept = ""
    if leave_out(connection, engine, source, f"judged_{rows}", left_out):
        kept = f" WHERE rowid NOT IN (SELECT row_id FROM {left_out})"
    select = f"SELECT *{line} FROM judged_{rows}{kept}"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {rows} AS {select}")
    notes = []
    conflicts = None
    if not adapted.in_order:
        conflicts = find_conflicts(
            connection, engine, source, rows, f"conflicts_{rows}", load_id=load_id
        )
    if conflicts is not None:
        notes.append(note(source, conflicts))
        if not source.last_line_counts:
            _reject_conflicts(connection, adapted, rows, select)
    return Judgement(count_rows(connection, f"judged_{rows}"), notes)


def _reject_conflicts(connection: Connection, adapted: Adapted, rows: str, select: str) -> None:
    """Replace the view of the rows, so that those in ``conflicts_…`` have a reason."""
    line = "_line" if adapted.first_line is None else f"rowid + {adapted.first_line}"
    given = "_line, _record" if adapted.first_line is None else "_record"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE made_of AS SELECT {given} FROM ({adapted.select}) AS adapted"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE rejected_{rows} AS "
        "SELECT _line, [reason] AS reasons, CAST(to_json(_record) AS VARCHAR) AS raw "
        f"FROM conflicts_{rows} JOIN (SELECT {line} AS _line, _record FROM made_of) AS made_of "
        "USING (_line)"
    )
    connection.execute("DROP TABLE made_of")
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {rows} AS SELECT judged.* REPLACE ("
        "CASE WHEN rejected.reasons IS NULL THEN judged._reasons "
        "ELSE list_concat(rejected.reasons, COALESCE(judged._reasons, [])) END AS _reasons, "
        "COALESCE(judged._raw, rejected.raw) AS _raw) "
        f"FROM ({select}) AS judged LEFT JOIN rejected_{rows} AS rejected USING (_line)"
    )


def count_rows(connection: Connection, table: str) -> int:
    """The number of rows of a table."""
    return int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchall()[0][0])
