"""The one place that chooses an engine, by LTV_ENGINE."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ltv_platform.contracts import Catalog
    from ltv_platform.settings import Settings
    from ltv_platform.warehouse.duckdb.in_memory import InMemory
    from ltv_platform.warehouse.engine import Engine


def open_engine(settings: "Settings", catalog: "Catalog") -> "Engine":
    """The warehouse of an LTV_HOME; nothing is opened before something is asked of it.

    Args:
        settings: Which engine, and where its rows lie.
        catalog: All contracts.
    """
    # An engine is imported where it is chosen: most commands of the snapshot need none.
    match settings.engine:
        case "duckdb":
            from ltv_platform.warehouse.duckdb.engine import DuckDBEngine  # noqa: PLC0415

            return DuckDBEngine(settings, catalog)


def open_in_memory(settings: "Settings") -> "InMemory":
    """Answers queries on small Arrow tables that are in no warehouse; DuckDB, whatever the engine.

    Args:
        settings: How much memory and how many threads it may take.
    """
    from ltv_platform.warehouse.duckdb.in_memory import InMemory  # noqa: PLC0415

    return InMemory(settings)
