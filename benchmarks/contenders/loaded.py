"""What all contenders of the ingest benchmark agree on, and how their tables are compared."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

#: The columns of the file, with the types that the table has.
COLUMNS = {
    "transaction_id": "VARCHAR",
    "customer_id": "VARCHAR",
    "transaction_date": "TIMESTAMP",
    "amount": "DECIMAL(18,6)",
    "is_refund": "BOOLEAN",
    "order_id": "VARCHAR",
    "product_category": "VARCHAR",
    "transaction_type": "VARCHAR",
    "payment_method": "VARCHAR",
    "currency": "VARCHAR",
    "updated_at": "TIMESTAMP",
}


def fingerprint(
    connection: duckdb.DuckDBPyConnection, table: str, where: str = "TRUE"
) -> Mapping[str, str]:
    """Rows, and per column a sum of hashes that ties each value to its key."""
    sums = ", ".join(
        f"CAST(SUM(hash(transaction_id, CAST({name} AS {kind}))) AS VARCHAR)"
        for name, kind in COLUMNS.items()
    )
    [values] = connection.execute(
        f"SELECT CAST(COUNT(*) AS VARCHAR), {sums} FROM {table} WHERE {where}"
    ).fetchall()
    return dict(zip(("rows", *COLUMNS), values, strict=True))


def taken(target: str) -> Mapping[str, str]:
    """The fingerprint of a peer's file, which is removed."""
    with duckdb.connect(target) as connection:
        seen = fingerprint(connection, "transactions")
    Path(target).unlink()
    return seen
