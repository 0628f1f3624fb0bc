"""For modules that add their own assets to the platform's; see docs/extending.md."""

import dagster as dg

from ltv_platform.orchestration.assets import asset_key
from ltv_platform.orchestration.build import build_definitions
from ltv_platform.orchestration.partitions import daily_partitions
from ltv_platform.published import snapshot
from ltv_platform.settings import load_settings
from ltv_platform.user_tables import Query
from ltv_platform.workspace import Workspace

__all__ = [
    "AFTER_PUBLISHING",
    "PUBLISHED_SNAPSHOT",
    "Query",
    "platform_definitions",
    "platform_partitions",
]

#: The asset of the published snapshot: assets that depend on it run after publishing.
PUBLISHED_SNAPSHOT = asset_key(snapshot.ASSET)

#: The automation condition for an asset without partitions that depends on
#: :data:`PUBLISHED_SNAPSHOT`: rebuild it after every publication. Dagster's ``eager`` would wait
#: forever, because partitioned tables have no partitions after the last event; and a condition that
#: counts events since the last run would miss a publication that follows a run within the same
#: tick.
AFTER_PUBLISHING = (
    dg.AutomationCondition.any_deps_updated()
    .allow(dg.AssetSelection.assets(PUBLISHED_SNAPSHOT))
    .with_label("after publishing")
)


def platform_definitions() -> dg.Definitions:
    """The platform's own definitions on the LTV_HOME that the environment names.

    Merge yours with them; the resource ``warehouse_io_manager`` stores what your assets return.

    Raises:
        UserError: a setting is wrong.
    """
    workspace = Workspace.open()
    return build_definitions(workspace.engine, workspace.graph)


def platform_partitions() -> dg.DailyPartitionsDefinition:
    """The daily partitions of the platform's tables: from the first one to today, in LTV_TIMEZONE.

    Raises:
        UserError: a setting is wrong.
    """
    return daily_partitions(load_settings())
