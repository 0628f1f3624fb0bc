"""Looks up earlier loads in the log, in SQL for any engine."""

from ltv_platform.contracts.ddl import column_list
from ltv_platform.contracts.operations import LOADS
from ltv_platform.warehouse.engine import LoadCounts, Rows


def known_load(rows: Rows, load_id: str) -> LoadCounts | None:
    """The row of ``loads`` for an earlier load with the same content, if there was one.

    A file that was rewritten by an erasure still belongs to its load.
    """
    found = rows.rows(
        f"""
        SELECT {column_list(LOADS.columns)}
        FROM raw.loads
        WHERE load_id = COALESCE(
          (SELECT load_id FROM raw.rewritten WHERE rewritten_id = $load_id), $load_id
        )
        """,
        {"load_id": load_id},
    )
    names = [column.name for column in LOADS.columns]
    return LoadCounts(**dict(zip(names, found[0], strict=True))) if found else None
