"""The job that brings everything up to date."""

import dagster as dg

REFRESH_JOB = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    description=(
        "Rewrites tables and publishes the snapshot. `ltv run` launches it over what is stale; "
        "launched by hand it rewrites all days of the chosen range."
    ),
)
