"""Runs the query that an asset returns, in the warehouse, as one transaction per span of days.

The stock DuckDB IO manager commits its DELETE and its INSERT separately and inserts by
position: a failed insert loses the partition. This one replaces a range or nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import dagster as dg
import pyarrow as pa

from ltv_platform.build import build_table
from ltv_platform.orchestration.backtests import backtest_metadata
from ltv_platform.orchestration.charts import chart_metadata
from ltv_platform.orchestration.partitions import days_of
from ltv_platform.transforms import AsOf, Graph, Transform
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine
from ltv_platform.warehouse.engine import Writer

if TYPE_CHECKING:
    import pandas as pd  # half a second that most runs have no use for


@dataclass(frozen=True)
class TableQuery:
    """What a derived asset returns: the query that makes it.

    Attributes:
        transform: The table's SELECT with its contract.
        days: The days to write; None: the whole table.
        add_metadata: ``context.add_asset_metadata``, for figures of single partitions.
    """

    transform: Transform
    days: Sequence[date] | None
    add_metadata: Callable[..., None]


class WarehouseIOManager(dg.IOManager):
    """Writes queries and small frames into the warehouse; reads tables back as Arrow.

    Args:
        engine: The warehouse.
        graph: The tables.
    """

    def __init__(self, engine: DuckDBEngine, graph: Graph) -> None:
        self.engine = engine
        self.graph = graph

    def handle_output(
        self, context: dg.OutputContext, obj: "TableQuery | pa.Table | pd.DataFrame"
    ) -> None:
        """Replace the days of the run, or the whole table, by what the asset returned."""
        name = ".".join(context.asset_key.path)
        if isinstance(obj, TableQuery):
            self._write_query(context, obj)
        else:
            self._write_frame(context, name, obj)

    def load_input(self, context: dg.InputContext) -> pa.Table:
        """The rows of the upstream table that the partition mapping says."""
        contract = self.graph.catalog[".".join(context.asset_key.path)]
        if contract.partition is None or not context.has_asset_partitions:
            return self.engine.fetch(f"SELECT * FROM {contract.full_name}")
        keys = context.asset_partition_keys
        return self.engine.fetch(
            f"SELECT * FROM {contract.full_name} "
            f'WHERE "{contract.partition}" >= $first AND "{contract.partition}" <= $last',
            {"first": date.fromisoformat(keys[0]), "last": date.fromisoformat(keys[-1])},
        )

    def _write_query(self, context: dg.OutputContext, query: TableQuery) -> None:
        transform, days = query.transform, query.days
        written = build_table(self.engine, transform, days)
        context.add_output_metadata(
            {
                **_knowledge(self.engine.as_of()),
                "dagster/row_count": self._row_count(transform.name),
                "rows_written": sum(rows for *_, rows in written),
                **({"days_written": len(days)} if days is not None else {}),
                # Charts first: whoever looks at the page would not find them below a long table.
                **chart_metadata(self.engine, transform.name),
                **backtest_metadata(self.engine, transform.derivation.backtest),
            }
        )
        if days:
            self._add_partition_counts(query, days)

    def _write_frame(
        self, context: dg.OutputContext, name: str, frame: "pa.Table | pd.DataFrame"
    ) -> None:
        contract = self.graph.catalog[name]
        table = (
            frame
            if isinstance(frame, pa.Table)
            else pa.Table.from_pandas(frame, preserve_index=False)
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
                **_knowledge(as_of),
                "dagster/row_count": self._row_count(name),
                "rows_written": rows,
            }
        )

    def _row_count(self, table: str) -> int:
        return int(self.engine.rows(f"SELECT COUNT(*) FROM {table}")[0][0])

    def _add_partition_counts(self, query: TableQuery, days: Sequence[date]) -> None:
        contract = query.transform.contract
        counts = dict(
            self.engine.rows(
                f'SELECT "{contract.partition}", COUNT(*) FROM {contract.full_name} '
                f'WHERE "{contract.partition}" >= $first AND "{contract.partition}" <= $last '
                "GROUP BY ALL",
                {"first": days[0], "last": days[-1]},
            )
        )
        for day in days:
            query.add_metadata(
                {"dagster/partition_row_count": int(counts.get(day, 0))},
                partition_key=day.isoformat(),
            )


def _knowledge(as_of: AsOf) -> Mapping[str, Any]:
    """as_of and watermarks, for people and as numbers that Dagster plots."""
    metadata: dict[str, Any] = {}
    if as_of.day is not None:
        instant = datetime.combine(as_of.day, time(), UTC).timestamp()
        metadata["as_of"] = as_of.day.isoformat()
        metadata["as_of_epoch_seconds"] = int(instant)
    if as_of.revenue_watermark is not None:
        instant = as_of.revenue_watermark.replace(tzinfo=UTC).timestamp()
        metadata["revenue_watermark"] = as_of.revenue_watermark.isoformat(" ")
        metadata["revenue_watermark_epoch_seconds"] = int(instant)
    return metadata
