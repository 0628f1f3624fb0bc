"""Settles rows of quarantine that a later load makes obsolete: kept, but no longer listed."""

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import quoted
from ltv_platform.ingestion.rows.validation import ONLY_BEFORE_START
from ltv_platform.warehouse.engine import Judged, Load, Loader, Transaction

#: Condition for rows of quarantine that are still open.
OPEN = "replayed_at IS NULL AND settled_at IS NULL"


def row_key(source: SourceTable) -> str:
    """An expression for the key of a typed row as text; NULL if a part of it is missing."""
    # A load of spend replaces whole days, for all countries.
    key = source.replaces or source.key
    parts = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in key)
    needed = [c.name for c in source.columns if c.required and c.name in key]
    known = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in needed)
    return f"CASE WHEN {known} THEN CAST(to_json([{parts}]) AS VARCHAR) END"


def settle_quarantine(engine: Loader, transaction: Transaction, load: Load, judged: Judged) -> int:
    """Settle rows of earlier loads, inside the transaction that appends a load.

    The load has a valid row with their key, or it is the same file, loaded again through its
    rewritten adapter. If the earliest version counts, as with the first registration of a customer,
    rows rejected only because of the start of the partitions stay open: they may still come in as
    the earliest.

    Args:
        engine: The warehouse.
        transaction: That of the load.
        load: The load.
        judged: Its rows.

    Returns:
        The number of settled rows.
    """
    settled = "settled_at = $now, settled_by = $load_id"
    waits = f"table_name = $table AND load_id <> $load_id AND {OPEN}"
    values = {"now": load.received_at, "load_id": load.load_id, "table": load.table.name}
    # Check first: most logs have no open rows, and a large load has many keys.
    waiting = f"SELECT 1 FROM raw.quarantine WHERE {waits} LIMIT 1"
    own = {name: values[name] for name in ("table", "load_id")}
    if not transaction.rows(waiting, own):
        return 0
    early = f"NOT ({ONLY_BEFORE_START})" if load.table.earliest_counts else "TRUE"
    settleable = f"{waits} AND {early}"
    waiting = (
        f"SELECT DISTINCT row_key FROM raw.quarantine WHERE {settleable} AND row_key IS NOT NULL"
    )
    engine.bring(judged.connection, "waiting_keys", waiting, own)
    keys = judged.connection.execute(
        f"SELECT DISTINCT key FROM (SELECT {row_key(load.table)} AS key FROM {judged.rows} "
        "WHERE _reasons IS NULL) AS good WHERE key IN (SELECT row_key FROM waiting_keys)"
    ).fetchall()
    by_key = transaction.execute(
        f"UPDATE raw.quarantine SET {settled} WHERE {settleable} AND row_key IN "
        "(SELECT UNNEST(CAST($keys AS VARCHAR[])))",
        {**values, "keys": [key for (key,) in keys]},
    )
    by_file = transaction.execute(
        f"UPDATE raw.quarantine SET {settled} WHERE {waits} AND load_id IN "
        "(SELECT load_id FROM raw.loads WHERE table_name = $table AND content_hash = $content "
        "AND adapter = $adapter)",
        {**values, "content": load.content_hash, "adapter": load.adapter},
    )
    return by_key + by_file
