"""What a module of your own needs to put assets beside the platform's; see docs/extending.md."""

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

#: The asset that stands for the published snapshot: what depends on it comes after publishing.
PUBLISHED_SNAPSHOT = asset_key(snapshot.ASSET)

#: The condition of an asset without partitions that depends on :data:`PUBLISHED_SNAPSHOT` and is to
#: be made anew whenever one is published. Dagster's ``eager`` would wait for ever: of a table with
#: partitions, the days after the last event are missing. And whatever counts events since the last
#: run would lose a publishing that follows a run within the same look.
AFTER_PUBLISHING = (
    dg.AutomationCondition.any_deps_updated()
    .allow(dg.AssetSelection.assets(PUBLISHED_SNAPSHOT))
    .with_label("after publishing")
)


def platform_definitions() -> dg.Definitions:
    """The platform's own definitions on the LTV_HOME that the environment names.

    Merge yours with them; the resource ``warehouse_io_manager`` keeps what your assets return.

    Raises:
        UserError: a setting is wrong.
    """
    workspace = Workspace.open()
    return build_definitions(workspace.engine, workspace.graph)


def platform_partitions() -> dg.DailyPartitionsDefinition:
    """The days of the platform's tables: from the first partition to today, in LTV_TIMEZONE.

    Raises:
        UserError: a setting is wrong.
    """
    return daily_partitions(load_settings())
