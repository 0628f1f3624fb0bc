"""Finds the load of a file in the log, also after the file was rewritten; SQL for any engine."""

from ltv_platform.contracts.ddl import column_list
from ltv_platform.contracts.operations import LOADS
from ltv_platform.warehouse.engine import LoadCounts, Loader, Rows


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


def remember_rewritten(engine: Loader, rewritten_id: str, load_id: str) -> None:
    """Record that a rewritten file still belongs to its load.

    Otherwise loading it again would be a new load, and its old values would count as new ones.

    Args:
        engine: The warehouse.
        rewritten_id: The load_id that it would have now.
        load_id: Its original load_id; unknown to the log if its adapter has changed since.
    """
    with engine.transaction() as transaction:
        known = known_load(transaction, load_id)
        if known is not None and known_load(transaction, rewritten_id) is None:
            transaction.execute(
                "INSERT INTO raw.rewritten BY NAME "
                "SELECT $rewritten_id AS rewritten_id, $load_id AS load_id",
                {"rewritten_id": rewritten_id, "load_id": known.load_id},
            )
