"""Definitions and looks of the refresh sensor, in a process of their own."""

import os
from collections.abc import Mapping
from typing import Any

from benchmarks.contenders.orchestrated import LAST_DAY
from benchmarks.processes import ContenderError, Stopwatch

#: The evening of the last day of the bundled sample.
_NOW = f"{LAST_DAY}T23:59:00Z"


def looks(watch: Stopwatch, home: str, start: str, stale: bool, count: int) -> Mapping[str, Any]:
    """Load the definitions as a code server does, then look as often as asked.

    Args:
        watch: Of the steps.
        home: A home that ``ltv run`` has built.
        start: First partition; empty: as the loads settled it.
        stale: Whether something is stale in it.
        count: Looks after the first.
    """
    os.environ |= {"LTV_HOME": home, "LTV_NOW": _NOW, "LTV_FRESHNESS_HOURS": "none"}
    if start:
        os.environ["LTV_START_DATE"] = start
    with watch.step("imports"):
        import dagster as dg  # noqa: PLC0415 - it is measured

        from ltv_platform import definitions  # noqa: PLC0415
        from ltv_platform.orchestration.dagster_home import prepare_dagster_home  # noqa: PLC0415
        from ltv_platform.workspace import Workspace  # noqa: PLC0415
    with watch.step("definitions"):
        defined = definitions.defs()
        assert isinstance(defined, dg.Definitions)
        assets = defined.get_repository_def().asset_graph
    partitions = max(
        len(definition.get_partition_keys())
        for key in assets.get_all_asset_keys()
        if (definition := assets.get(key).partitions_def) is not None
    )
    sensor = defined.resolve_sensor_def("refresh")
    settings = Workspace.open().settings
    prepare_dagster_home(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_path)) as instance:
        for step in ("first look", *(f"look {number}" for number in range(count))):
            with watch.step(step):
                result = sensor(dg.build_sensor_context(instance))
            if not isinstance(result, dg.SensorResult) or bool(result.run_requests) != stale:
                raise ContenderError(f"the refresh sensor says {result}")
    return {"partitions": partitions}
