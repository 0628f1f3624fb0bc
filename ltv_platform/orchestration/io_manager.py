"""Tables as inputs and outputs of users' own assets.

docs/extending.md shows how to use it. The stock DuckDB IO manager commits its DELETE and its INSERT
separately and inserts by position: a failed insert loses the partition. This one replaces the days
of the run, or the table, in one transaction.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
import pyarrow as pa

from ltv_platform.errors import UserError
from ltv_platform.orchestration.assets import table_name
from ltv_platform.orchestration.metadata import knowledge
from ltv_platform.orchestration.resources import TURN
from ltv_platform.tables.transforms import Graph
from ltv_platform.user_tables import OwnTable, Query, tables
from ltv_platform.user_tables.frames import from_arrow, to_arrow
from ltv_platform.user_tables.query import published_selects, ready
from ltv_platform.warehouse.engine import Engine
from ltv_platform.warehouse.planner import Span, spans

#: Metadata of a partitioned asset, as in dagster-duckdb: the column with the partition.
DAY = "partition_expr"
#: Metadata of an input: read the stored table instead of the published one.
STORED = "stored"
#: Metadata of an input: a pandas frame of it has the types of the table.
EXACT = "exact"
#: Metadata of an input, as in dagster-duckdb: the columns to read.
COLUMNS = "columns"


class WarehouseIOManager(dg.IOManager):
    """Stores the values of assets as tables of the warehouse, and reads tables as frames.

    Args:
        engine: The warehouse.
        graph: The platform's tables.
    """

    def __init__(self, engine: Engine, graph: Graph) -> None:
        self._engine = engine
        self._graph = graph

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Replace the days of the run, or the whole table, by a frame or the rows of a Query.

        Raises:
            UserError: the value is neither, the asset's key cannot be a user table, or the rows do
                not fit its table; nothing was written.
        """
        started = time.perf_counter()
        table = _own_table(context)
        days = None
        if table.day is not None:
            _require_days(context.asset_partitions_def, table.full_name)
            keys = sorted(map(date.fromisoformat, context.asset_partition_keys))
            days = (keys[0], keys[-1])
        with self._engine.hold():
            rows = (
                ready(self._engine, self._graph, obj)
                if isinstance(obj, Query)
                else to_arrow(obj, f"The asset {context.asset_key.to_user_string()}")
            )
            written = tables.write(self._engine, table, rows, days)
            figures: dict[str, Any] = {
                "dagster/row_count": tables.row_count(self._engine, table),
                "rows_written": written,
                "seconds": round(time.perf_counter() - started, 3),
            }
            # Dagster repeats metadata for each partition, so keep it small.
            if days is None or days[0] == days[1]:
                figures |= {
                    **knowledge(self._engine.as_of()),
                    "dagster/table_name": table.full_name,
                    "dagster/column_schema": _column_schema(tables.types(self._engine, table)),
                }
        context.add_output_metadata(figures)

    def load_input(self, context: dg.InputContext) -> Any:
        """The rows of the mapped partitions, as the kind of frame that the annotation names.

        A table of the platform is read as published, from the current rows of the warehouse; with
        ``metadata={"stored": True}`` on the input, as stored.

        Raises:
            UserError: the table does not exist, or the kind of frame is not supported.
        """
        name = table_name(context.asset_key)
        metadata = context.definition_metadata or {}
        days = _spans_of(context) if context.has_asset_partitions else None
        with self._engine.hold():
            rows = self._read(context, name, days, stored=bool(metadata.get(STORED)))
        if COLUMNS in metadata:
            rows = _selected(rows, metadata[COLUMNS], name)
        return from_arrow(
            rows,
            context.dagster_type.typing_type,
            f"The input {context.name}",
            exact=bool(metadata.get(EXACT)),
        )

    def _read(
        self, context: dg.InputContext, name: str, days: Sequence[Span] | None, *, stored: bool
    ) -> pa.Table:
        catalog = self._graph.catalog
        if name not in catalog:
            return tables.read(self._engine, _own_table(context), days)
        contract = catalog[name]
        if stored or contract.layer == "raw":
            schema, _, plain = name.partition(".")
            table = OwnTable(schema, plain, contract.partition)
            return tables.read(self._engine, table, days if contract.partition else None)
        transform = self._graph[name]
        everything: list[tuple[date | None, date | None]] = [(None, None)]
        parts = [
            self._engine.fetch(select.sql, select.parameters)
            for first, last in (everything if days is None else days)
            for select in published_selects(self._engine, transform, first, last)
        ]
        if not parts:
            parts = [
                self._engine.fetch(f"SELECT * FROM ({select.sql}) LIMIT 0", select.parameters)
                for select in published_selects(self._engine, transform)
            ]
        return pa.concat_tables(parts, promote_options="permissive")


def warehouse_io_manager(engine: Engine, graph: Graph) -> dg.IOManagerDefinition:
    """The IO manager as a resource; runs that use it take turns with the platform's runs."""

    @dg.io_manager(
        required_resource_keys={TURN},
        description="Stores what assets return as warehouse tables.",
    )
    def own_tables() -> WarehouseIOManager:
        return WarehouseIOManager(engine, graph)

    return own_tables


def _own_table(context: dg.OutputContext | dg.InputContext) -> OwnTable:
    partitioned = context.has_asset_partitions
    made_by = context if isinstance(context, dg.OutputContext) else context.upstream_output
    metadata: Mapping[str, Any] = (made_by.definition_metadata if made_by else None) or {}
    path = context.asset_key.path
    if not partitioned:
        return OwnTable.of_key(path)
    if not isinstance(metadata.get(DAY), str):
        raise UserError(
            f"The asset {'/'.join(path)} has partitions but does not say which one a row belongs "
            "to.",
            f'Name its date column: metadata={{"{DAY}": "event_date"}}.',
        )
    return OwnTable.of_key(path, metadata[DAY])


def _require_days(partitions: dg.PartitionsDefinition, table: str) -> None:
    if not isinstance(partitions, dg.DailyPartitionsDefinition):
        raise UserError(
            f"{table} is not partitioned by day: {partitions}.",
            "Partition its asset by platform_partitions(), or remove its partitions.",
        )


def _spans_of(context: dg.InputContext) -> list[Span]:
    """The days of an input, as contiguous ranges."""
    days = [date.fromisoformat(key) for key in context.asset_partition_keys]
    return spans(days, most=max(len(days), 1))


def _selected(rows: pa.Table, columns: Sequence[str], table: str) -> pa.Table:
    if missing := [name for name in columns if name not in rows.column_names]:
        raise UserError(
            f"{table} has no column {', '.join(missing)}.",
            f"It has {', '.join(rows.column_names)}.",
        )
    return rows.select(list(columns))


def _column_schema(types: Mapping[str, str]) -> dg.TableSchema:
    return dg.TableSchema(columns=[dg.TableColumn(name, kind) for name, kind in types.items()])
