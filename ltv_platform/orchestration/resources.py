"""Dagster resources: the warehouse, and a run's turn to write it."""

import os
from collections.abc import Iterator
from typing import Any

import dagster as dg

from ltv_platform.locks import one_run
from ltv_platform.orchestration.duckdb_resource import warehouse_resource
from ltv_platform.settings import Settings

#: Name of the resource that every step of a run needs, so that runs take turns.
TURN = "turn"
#: Tags of runs in the process of a command, which has already taken its turn.
FOREGROUND_TAG, PROCESS_TAG = "ltv/foreground", "ltv/process"


def turn(settings: Settings) -> dg.ResourceDefinition:
    """Lets only one run at a time write a home, whether started by the daemon or a person."""

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


def turn_and_warehouse(
    settings: Settings, warehouse: dg.ConfigurableResource[Any] | None
) -> dict[str, Any]:
    """The turn that every step requires, and the warehouse, for users' own assets.

    Args:
        settings: The settings.
        warehouse: The resource to use; None: that of the settings.
    """
    return {TURN: turn(settings), "warehouse": warehouse or warehouse_resource(settings)}
