"""What the log knows of a load, asked in SQL that any engine answers."""

from ltv_platform.warehouse.engine import LoadCounts, Rows


def known_load(rows: Rows, load_id: str) -> LoadCounts | None:
    """The row of ``loads`` of an earlier load of the same content, if there was one.

    A file that an erasure has rewritten is still the file of its load.
    """
    found = rows.rows(
        "SELECT load_id, table_name, source_file, adapter, content_hash, rows_in_file, "
        "rows_skipped, rows_received, rows_accepted, rows_quarantined, rows_repeated, "
        "attributes_unread, rounded, loaded_at "
        "FROM raw.loads WHERE load_id = COALESCE("
        "(SELECT load_id FROM raw.rewritten WHERE rewritten_id = $load_id), $load_id)",
        {"load_id": load_id},
    )
    return LoadCounts(*found[0]) if found else None
