"""Everything that Dagster shows of the platform, brought together: :func:`build_definitions`.

Sources, tables and checks come from the contracts and the wiring in ``assets/``.
"""

from typing import Any

import dagster as dg

from ltv_platform.assets import GROUPS
from ltv_platform.orchestration.assets import IO_MANAGER
from ltv_platform.orchestration.console import console
from ltv_platform.orchestration.io_manager import warehouse_io_manager
from ltv_platform.orchestration.jobs import refresh_job
from ltv_platform.orchestration.maintenance import maintenance_job, maintenance_schedule
from ltv_platform.orchestration.partitions import daily_partitions
from ltv_platform.orchestration.publishing import publish_step
from ltv_platform.orchestration.refreshes import Refreshes
from ltv_platform.orchestration.resources import turn_and_warehouse
from ltv_platform.orchestration.sensors import sensors
from ltv_platform.orchestration.steps import source_step, table_step
from ltv_platform.tables.transforms import Graph
from ltv_platform.warehouse.engine import Engine


def build_definitions(
    engine: Engine,
    graph: Graph,
    warehouse: dg.ConfigurableResource[Any] | None = None,
    refreshes: Refreshes | None = None,
) -> dg.Definitions:
    """All definitions on an engine and the tables of a graph.

    Args:
        engine: The warehouse.
        graph: The tables.
        warehouse: The resource that users' own assets find under ``warehouse``.
        refreshes: The work that the steps of a run share.
    """
    settings = engine.settings
    partitions = daily_partitions(settings)
    refreshes = refreshes or Refreshes(engine, graph)
    assets = [
        source_step(engine),
        *(table_step(engine, graph, group, partitions, refreshes) for group in GROUPS),
        publish_step(engine, graph, refreshes),
    ]
    refresh = refresh_job(assets)
    return dg.Definitions(
        assets=assets,
        jobs=[refresh, maintenance_job(engine)],
        schedules=[maintenance_schedule(settings)],
        sensors=sensors(engine, graph, refresh),
        resources={
            **turn_and_warehouse(settings, warehouse),
            IO_MANAGER: warehouse_io_manager(engine, graph),
        },
        executor=dg.in_process_executor,
        loggers={"console": console},
    )
