"""ltv-platform: what customers are worth and which campaigns earn their money back."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


def query(sql: str, parameters: "Mapping[str, Any] | None" = None) -> "pd.DataFrame":
    """The rows of a SELECT on the published tables; see ``published.frames.query_frame``."""
    from ltv_platform.published.frames import query_frame  # noqa: PLC0415

    return query_frame(sql, parameters)


def __getattr__(name: str) -> str:
    """``__version__``, looked up on demand: every command imports this module."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("ltv-platform")
    except PackageNotFoundError:  # a checkout that was never installed
        return "0+unknown"
