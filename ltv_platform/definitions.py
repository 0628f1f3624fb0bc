"""The table of contents: everything that Dagster shows of the platform.

Sources, tables and checks come of the contracts and the wiring in ``assets/``; this page only
brings them together.
"""

import warnings

import dagster as dg

from ltv_platform.assets import build_graph
from ltv_platform.orchestration.assets import derived_assets, source_assets
from ltv_platform.orchestration.checks import asset_checks
from ltv_platform.orchestration.io_manager import WarehouseIOManager
from ltv_platform.orchestration.jobs import REFRESH_JOB
from ltv_platform.orchestration.partitions import daily_partitions
from ltv_platform.orchestration.publishing import publish_assets
from ltv_platform.orchestration.resources import WarehouseResource, warehouse_resource
from ltv_platform.orchestration.scoring import scoring_asset
from ltv_platform.settings import Settings, load_settings
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine

# Single-run backfills and windows that reach past the last partition are beta, tried and wanted.
warnings.filterwarnings("ignore", category=dg.BetaWarning)


def build_definitions(
    settings: Settings, warehouse: WarehouseResource | None = None
) -> dg.Definitions:
    """All definitions under given settings; a test may bring a warehouse of its own."""
    warehouse = warehouse or warehouse_resource(settings)
    graph = build_graph(settings)
    engine = DuckDBEngine(settings, graph.catalog, connect=warehouse.get_connection)
    return dg.Definitions(
        assets=[
            *source_assets(engine),
            scoring_asset(engine, graph),
            *derived_assets(engine, graph, daily_partitions(settings)),
            *publish_assets(engine, graph),
        ],
        asset_checks=asset_checks(engine),
        jobs=[REFRESH_JOB],
        resources={
            "warehouse": warehouse,
            "warehouse_io_manager": WarehouseIOManager(engine, graph),
        },
        executor=dg.in_process_executor,
    )


defs = build_definitions(load_settings())
