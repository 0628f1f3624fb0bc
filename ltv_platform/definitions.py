"""The entry point that Dagster loads. Importing it reads nothing; Dagster calls :func:`defs`."""

import dagster as dg

from ltv_platform.orchestration.build import build_definitions
from ltv_platform.orchestration.console import quieten_runs
from ltv_platform.workspace import Workspace

quieten_runs()


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions for the LTV_HOME that the environment names."""
    workspace = Workspace.open()
    return build_definitions(workspace.engine, workspace.graph)
