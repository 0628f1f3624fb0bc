"""Markov attribution, exact: removal effects of channels by one linear solve."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def markov_channels(steps: "pa.Table") -> "pa.Table":
    """Placeholder."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.table(
        {
            "markov_order": pa.array([1] * steps.num_rows, pa.int32()),
            "channel_name": steps["channel_name"],
            "removal_effect": steps["steps"].cast(pa.float64()),
            "share": steps["steps"].cast(pa.float64()),
            "conversions": steps["steps"].cast(pa.float64()),
            "revenue": steps["steps"].cast(pa.float64()),
        }
    )
