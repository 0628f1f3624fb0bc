"""The warehouse of the embedded engine as a Dagster resource, for users' own assets."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from dagster_duckdb import DuckDBResource
from pydantic import Field

from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb.connection import connection_config, open_database


class WarehouseResource(DuckDBResource):
    """A DuckDB file that only one process at a time can open.

    The stock resource leaves the connection open after an error, and retries every IO error, even
    permanent ones. This one always closes it, and only waits for the lock, naming the process that
    holds it.
    """

    lock_timeout: float = Field(default=120.0, description="Seconds to wait for the lock.")

    @contextmanager
    def get_connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for writing; always closed."""
        config: dict[str, Any] = dict(self.connection_config)
        with open_database(Path(self.database), config, self.lock_timeout) as connection:
            yield connection


def warehouse_resource(settings: Settings) -> WarehouseResource:
    """The resource of the warehouse that the settings name."""
    return WarehouseResource(
        database=str(settings.warehouse_path),
        connection_config=connection_config(settings),
        lock_timeout=settings.lock_timeout,
    )
