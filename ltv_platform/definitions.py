"""What Dagster loads; importing it reads nothing, :func:`defs` does."""

import dagster as dg

from ltv_platform.orchestration.build import build_definitions
from ltv_platform.orchestration.console import quieten_runs
from ltv_platform.workspace import Workspace

quieten_runs()


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads: the home that the environment names."""
    workspace = Workspace.open()
    return build_definitions(workspace.engine, workspace.graph)
