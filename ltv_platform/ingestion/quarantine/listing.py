"""Rejected rows: listed with their reasons, and dismissed if nobody will fix them."""

from datetime import UTC
from typing import Any

from ltv_platform.errors import UserError
from ltv_platform.ingestion.files.private_copy import printable
from ltv_platform.ingestion.messages import source_called
from ltv_platform.ingestion.quarantine.settling import OPEN
from ltv_platform.warehouse.engine import Loader

_COLUMNS = (
    "table_name",
    "source_file",
    "line",
    "reasons",
    "raw",
    "adapter",
    "quarantined_at",
    "load_id",
)

_WAITING = f"{OPEN} AND ($table IS NULL OR table_name = $table)"


def list_quarantine(
    engine: Loader, table: str | None = None, limit: int | None = None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Rows in quarantine: newest load first, each in the order of its file.

    Args:
        engine: The warehouse; unlike the published snapshot, it has the newest rejections.
        table: Only rows for this source table.
        limit: Most rows; None: all.

    Returns:
        Column names, and one tuple per row: table_name, source_file, line, reasons, raw,
        adapter, quarantined_at, load_id.

    Raises:
        UserError: there is no such source table.
    """
    if table is not None:
        source_called(engine.catalog.sources, table)
    rows = engine.rows(
        f"SELECT {', '.join(_COLUMNS)} FROM raw.quarantine WHERE {_WAITING} "
        "ORDER BY quarantined_at DESC, table_name, load_id, line"
        + (f" LIMIT {int(limit)}" if limit is not None else ""),
        {"table": table},
    )
    return list(_COLUMNS), rows


def count_quarantine(engine: Loader, table: str | None = None) -> int:
    """The number of rows in quarantine, in all or for one source table.

    Raises:
        UserError: there is no such source table.
    """
    if table is not None:
        source_called(engine.catalog.sources, table)
    sql = f"SELECT count(*) FROM raw.quarantine WHERE {_WAITING}"
    return int(engine.rows(sql, {"table": table})[0][0])


def dismiss(engine: Loader, reason: str, table: str | None = None, file: str | None = None) -> int:
    """Dismiss rows of quarantine that nobody will fix: they are no longer listed.

    Args:
        engine: The warehouse.
        reason: Why, for later questions.
        table: Only rows for this source table.
        file: Only rows of files with this name.

    Returns:
        The number of dismissed rows; they stay in the table ``quarantine``.

    Raises:
        UserError: the source table does not exist, the reason is empty, or no row of that
            file is in quarantine.
    """
    if table is not None:
        source_called(engine.catalog.sources, table)
    if not reason.strip():
        raise UserError("No reason is given.", "Give --reason: why the rows will not be fixed.")
    now = engine.settings.current_time().astimezone(UTC).replace(tzinfo=None)
    with engine.transaction() as transaction:
        rows = transaction.execute(
            "UPDATE raw.quarantine SET settled_at = $now, settled_by = $reason "
            f"WHERE {_WAITING} AND ($file IS NULL OR source_file = $file)",
            {"now": now, "reason": f"dismissed: {reason}", "table": table, "file": file},
        )
        if rows == 0 and file is not None:
            raise UserError(
                f"No row of a file {printable(file)} is in quarantine.",
                "`ltv quarantine list` names the files.",
            )
        transaction.touch({"loads": {None}})
    return rows
