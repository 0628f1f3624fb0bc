"""Dagster resources: the warehouse, opened with our lock timeout, and a run's turn to write it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource
from pydantic import Field

from ltv_platform.locks import one_run
from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb.connection import connection_config, open_database

#: Name of the resource that every step of a run needs, so that runs take turns.
TURN = "turn"
#: Tags of runs in the process of a command, which has already taken its turn.
FOREGROUND_TAG, PROCESS_TAG = "ltv/foreground", "ltv/process"


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


def turn(settings: Settings) -> dg.ResourceDefinition:
    """Lets only one run at a time write a home, whoever started it: daemon, `ltv run`, a person.

    Dagster's pool only does so for the runs of one daemon.
    """

    @dg.resource(description="The warehouse lock of a run.")
    def waiting(context: dg.InitResourceContext) -> Iterator[None]:
        run = context.run
        # With the process id, because Dagster copies tags when a run is re-executed.
        if run is not None and run.tags.get(PROCESS_TAG) == str(os.getpid()):
            yield
            return
        tell = context.log.info if context.log is not None else print
        with one_run(settings, tell):
            yield

    return waiting


def turn_and_warehouse(settings: Settings, warehouse: WarehouseResource | None) -> dict[str, Any]:
    """The turn that every step requires, and the warehouse, for users' own assets.

    Args:
        settings: The settings.
        warehouse: The resource to use; None: that of the settings.
    """
    return {TURN: turn(settings), "warehouse": warehouse or warehouse_resource(settings)}
