"""The job that brings everything up to date."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

REFRESH = "refresh"


def refresh_job(steps: Sequence[dg.AssetsDefinition]) -> "UnresolvedAssetJobDefinition":
    """All steps of the platform, selected by name: users may have added their own assets."""
    return dg.define_asset_job(
        REFRESH,
        selection=dg.AssetSelection.assets(*steps).without_checks()
        | dg.AssetSelection.checks(*(key for step in steps for key in step.check_keys)),
        description=(
            "Rebuilds stale tables, checks them and publishes a snapshot. Launched by hand, it "
            "rewrites all days of the chosen range."
        ),
    )
