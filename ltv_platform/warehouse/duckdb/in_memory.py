"""Queries on Arrow tables outside the warehouse, such as answers from a file."""

from typing import TYPE_CHECKING

import duckdb

from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb.connection import connection_config

if TYPE_CHECKING:
    import pyarrow as pa


class InMemory:
    """An empty database in memory, in UTC.

    Args:
        settings: Limit its memory and threads.
    """

    def __init__(self, settings: Settings) -> None:
        self._connection = duckdb.connect(config=connection_config(settings))
        self._connection.execute("SET timezone = 'UTC'")

    def fetch(self, sql: str, **tables: "pa.Table") -> "pa.Table":
        """The rows of a query on tables, given by name."""
        for name, table in tables.items():
            self._connection.register(name, table)
        return self._connection.sql(sql).to_arrow_table()

    def close(self) -> None:
        """Free its memory."""
        self._connection.close()
