"""Tables as values of Dagster assets: what an asset returns is written, what it takes is read.

For assets of your own beside the platform's, see docs/extending.md. The stock DuckDB IO manager
commits its DELETE and its INSERT separately and inserts by position: a failed insert loses the
partition. This one replaces a range or nothing.
"""

from datetime import date
from typing import TYPE_CHECKING

import dagster as dg
import pyarrow as pa

from ltv_platform.orchestration.assets import table_name
from ltv_platform.orchestration.metadata import knowledge, row_count
from ltv_platform.orchestration.partitions import days_of
from ltv_platform.transforms import Graph
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine
from ltv_platform.warehouse.engine import Writer

if TYPE_CHECKING:
    import pandas as pd  # half a second that most runs have no use for


class WarehouseIOManager(dg.IOManager):
    """Writes small frames into the warehouse; reads tables back as Arrow.

    Args:
        engine: The warehouse.
        graph: The tables.
    """

    def __init__(self, engine: DuckDBEngine, graph: Graph) -> None:
        self.engine = engine
        self.graph = graph

    def handle_output(self, context: dg.OutputContext, obj: "pa.Table | pd.DataFrame") -> None:
        """Replace the days of the run, or the whole table, by what the asset returned."""
        name = table_name(context.asset_key)
        contract = self.graph.catalog[name]
        table = (
            obj if isinstance(obj, pa.Table) else pa.Table.from_pandas(obj, preserve_index=False)
        )
        as_of = self.engine.as_of()
        writer = Writer(name, "", as_of)
        if contract.partition is None:
            rows = self.engine.replace(contract, table, writer)
        else:
            days = days_of(context)
            rows = self.engine.replace_range(contract, table, days[0], days[-1], writer)
        context.add_output_metadata(
            {
                **knowledge(as_of),
                "dagster/row_count": row_count(self.engine, name),
                "rows_written": rows,
            }
        )

    def load_input(self, context: dg.InputContext) -> pa.Table:
        """The rows of the upstream table that the partition mapping says."""
        contract = self.graph.catalog[table_name(context.asset_key)]
        if contract.partition is None or not context.has_asset_partitions:
            return self.engine.fetch(f"SELECT * FROM {contract.full_name}")
        keys = context.asset_partition_keys
        return self.engine.fetch(
            f"SELECT * FROM {contract.full_name} "
            f'WHERE "{contract.partition}" >= $first AND "{contract.partition}" <= $last',
            {"first": date.fromisoformat(keys[0]), "last": date.fromisoformat(keys[-1])},
        )
