"""The one place that chooses an engine, by LTV_ENGINE."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ltv_platform.contracts import Catalog
    from ltv_platform.settings import Settings
    from ltv_platform.warehouse.duckdb.in_memory import InMemory
    from ltv_platform.warehouse.engine import Engine


def open_engine(settings: "Settings", catalog: "Catalog") -> "Engine":
    """The warehouse of an LTV_HOME; nothing is opened before its first use.

    Args:
        settings: Name the engine and the LTV_HOME.
        catalog: All contracts.
    """
    # Engines are imported on demand: most commands on the snapshot need none.
    match settings.engine:
        case "duckdb":
            from ltv_platform.warehouse.duckdb.engine import DuckDBEngine  # noqa: PLC0415

            return DuckDBEngine(settings, catalog)


def open_in_memory(settings: "Settings") -> "InMemory":
    """A database in memory for queries on small Arrow tables; DuckDB, with any engine.

    Args:
        settings: Limit its memory and threads.
    """
    from ltv_platform.warehouse.duckdb.in_memory import InMemory  # noqa: PLC0415

    return InMemory(settings)
