"""Settings of runs and sensors; contexts as Dagster gives them to an IO manager, and rows."""

from datetime import date
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa

from ltv_platform.orchestration.assets import asset_key
from ltv_platform.orchestration.partitions import daily_partitions
from ltv_platform_tests.testing.home import Home

#: Six days, few horizons: enough for runs over ranges and for sensors.
SETTINGS: dict[str, Any] = {
    "start_date": "2025-03-01",
    "as_of": "2025-03-06",
    "horizons": (1, 3, 7),
}


def output(home: Home, *days: str, key: str = "mine.daily") -> dg.OutputContext:
    """The context of an asset, partitioned where days are given."""
    if not days:
        return dg.build_output_context(asset_key=asset_key(key))
    return dg.build_output_context(
        asset_key=asset_key(key),
        definition_metadata={"partition_expr": "day"},
        asset_partitions_def=daily_partitions(home.settings),
        asset_partition_key_range=dg.PartitionKeyRange(days[0], days[-1]),
    )


def input_of(
    home: Home, key: str, *days: str, kind: Any = pa.Table, **metadata: Any
) -> dg.InputContext:
    """The context of an input, of some days where they are given."""
    of_days: dict[str, Any] = {}
    if days:
        of_days = {
            "asset_partitions_def": daily_partitions(home.settings),
            "asset_partition_key_range": dg.PartitionKeyRange(days[0], days[-1]),
        }
    return dg.build_input_context(
        name="rows",
        asset_key=asset_key(key),
        definition_metadata=metadata,
        dagster_type=dg.PythonObjectDagsterType(kind) if kind is not None else None,
        upstream_output=dg.build_output_context(
            asset_key=asset_key(key), definition_metadata={"partition_expr": "day"}
        ),
        **of_days,
    )


def frame_of(*rows: tuple[str, Any]) -> pd.DataFrame:
    """Rows of a day and a value."""
    return pd.DataFrame(
        {"day": pd.to_datetime([day for day, _ in rows]), "value": [value for _, value in rows]}
    )


def stored(home: Home, table: str = "mine.daily") -> list[tuple[Any, ...]]:
    """The rows of a table of one's own, as the warehouse has them."""
    return home.engine.rows(f"SELECT * FROM {table} ORDER BY ALL")


def march(day: int) -> date:
    """A day of March 2025."""
    return date(2025, 3, day)
