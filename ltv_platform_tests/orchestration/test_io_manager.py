"""The IO manager alone: queries and frames in, windows of rows out, nothing lost on failure."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from ltv_platform.errors import UserError
from ltv_platform.orchestration.assets import asset_key
from ltv_platform.orchestration.io_manager import TableQuery, WarehouseIOManager
from ltv_platform.orchestration.partitions import daily_partitions, days_of
from ltv_platform.warehouse import duckdb_engine
from ltv_platform_tests.warehouse.homes import Home

TABLE = "core.conversions"
DAYS = ("2025-03-01", "2025-03-02", "2025-03-03")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Three days of conversions in the log, nothing built."""
    home = Home(tmp_path, start_date="2025-03-01")
    home.load("conversions", *(f"v{day[-1]},a,{day},10:00:00,{day[-1]}" for day in DAYS))
    return home


@pytest.fixture
def manager(home: Home) -> WarehouseIOManager:
    """The IO manager of that home."""
    return WarehouseIOManager(home.engine, home.graph)


def _output(home: Home, first: str, last: str, table: str = TABLE) -> dg.OutputContext:
    return dg.build_output_context(
        asset_key=asset_key(table),
        asset_partitions_def=daily_partitions(home.settings),
        asset_partition_key_range=dg.PartitionKeyRange(first, last),
    )


def _input(home: Home, first: str, last: str, table: str = TABLE) -> dg.InputContext:
    return dg.build_input_context(
        asset_key=asset_key(table),
        asset_partitions_def=daily_partitions(home.settings),
        asset_partition_key_range=dg.PartitionKeyRange(first, last),
    )


def _query(home: Home, *days: str) -> tuple[TableQuery, dict[str, Any]]:
    counts: dict[str, Any] = {}

    def add(metadata: dict[str, Any], partition_key: str) -> None:
        counts[partition_key] = metadata["dagster/partition_row_count"]

    written = [date.fromisoformat(day) for day in days or DAYS]
    return TableQuery(home.graph[TABLE], written, add), counts


def _keys(home: Home) -> list[str]:
    return [key for (key,) in home.engine.rows(f"SELECT conv_id FROM {TABLE} ORDER BY 1")]


def _numbers(home: Home) -> dict[date | None, int]:
    return {day: built.seq for day, built in home.engine.state().built.get(TABLE, {}).items()}


def test_a_query_is_run_for_the_days_of_the_run(home: Home, manager: WarehouseIOManager) -> None:
    """One statement over the range; row counts of the table and of each partition."""
    query, counts = _query(home, *DAYS[:2])
    context = _output(home, DAYS[0], DAYS[1])
    manager.handle_output(context, query)
    assert _keys(home) == ["v1", "v2"]
    assert counts == {DAYS[0]: 1, DAYS[1]: 1}
    metadata = context.get_logged_metadata()
    assert metadata["dagster/row_count"].value == 2
    assert metadata["rows_written"].value == metadata["days_written"].value == 2
    assert metadata["as_of"].value == "2025-03-03"
    assert metadata["as_of_epoch_seconds"].value == 1_740_960_000
    assert len(set(_numbers(home).values())) == 1, "one transaction"


def test_only_the_days_of_the_query_are_written(home: Home, manager: WarehouseIOManager) -> None:
    """Each asset of a refresh rewrites its own stale days, none of which may be in the range."""
    manager.handle_output(_output(home, DAYS[0], DAYS[2]), _query(home)[0])
    before = _numbers(home)
    home.load("conversions", "late,a,2025-03-02,11:00:00,9")
    context = _output(home, DAYS[0], DAYS[2])
    manager.handle_output(context, _query(home, DAYS[1])[0])
    after = _numbers(home)
    assert {day for day in after if after[day] != before[day]} == {date(2025, 3, 2)}
    assert context.get_logged_metadata()["days_written"].value == 1
    context = _output(home, DAYS[0], DAYS[2])
    manager.handle_output(context, TableQuery(home.graph[TABLE], (), lambda *_: None))
    assert _numbers(home) == after
    assert context.get_logged_metadata()["days_written"].value == 0
    assert _keys(home) == ["late", "v1", "v2", "v3"]


def test_a_failed_query_loses_nothing(
    home: Home, manager: WarehouseIOManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stock IO manager lost 24 of 24 rows: it commits DELETE and INSERT separately."""
    manager.handle_output(_output(home, DAYS[0], DAYS[2]), _query(home)[0])
    before = _keys(home), _numbers(home)
    home.load("conversions", "late,a,2025-03-02,11:00:00,9")

    def fails(*_: Any) -> None:
        raise duckdb.OutOfMemoryException

    with monkeypatch.context() as patch:
        patch.setattr(duckdb_engine, "record_built", fails)
        with pytest.raises(duckdb.OutOfMemoryException):
            manager.handle_output(_output(home, DAYS[0], DAYS[2]), _query(home)[0])
    assert (_keys(home), _numbers(home)) == before
    assert date(2025, 3, 2) in home.plan().days[TABLE]


def _frame(keys: Iterable[str], day: str) -> pa.Table:
    keys = list(keys)
    return pa.table(
        {
            "revenue": pa.array([Decimal("1.5")] * len(keys), pa.decimal128(18, 6)),
            "conv_id": keys,
            "user_id": ["a"] * len(keys),
            "event_ts": pa.array([pd.Timestamp(f"{day} 10:00")] * len(keys), pa.timestamp("us")),
            "event_date": pa.array([date.fromisoformat(day)] * len(keys), pa.date32()),
        }
    )


def test_a_frame_replaces_only_the_days_of_the_run(home: Home, manager: WarehouseIOManager) -> None:
    """A partitioned table made in Python keeps its other days."""
    manager.handle_output(_output(home, DAYS[0], DAYS[2]), _query(home)[0])
    context = _output(home, DAYS[1], DAYS[1])
    manager.handle_output(context, _frame(["x", "y"], DAYS[1]))
    assert _keys(home) == ["v1", "v3", "x", "y"]
    assert context.get_logged_metadata()["rows_written"].value == 2
    with pytest.raises(UserError, match="rows outside the days of the run, such as of"):
        manager.handle_output(_output(home, DAYS[1], DAYS[1]), _frame(["z"], DAYS[0]))
    with pytest.raises(UserError, match="user_id is missing"):
        frame = _frame(["z"], DAYS[1]).drop_columns("user_id")
        manager.handle_output(_output(home, DAYS[1], DAYS[1]), frame)
    assert _keys(home) == ["v1", "v3", "x", "y"]


def test_a_pandas_frame_of_a_whole_table(home: Home, manager: WarehouseIOManager) -> None:
    """Small tables are pandas or Arrow; the frame's index is no column."""
    contract = home.graph.catalog["marts.country_roas"]
    empty = home.engine.fetch(f"FROM {contract.full_name}")
    row = dict.fromkeys(empty.column_names) | {
        "country": "US", "rank": 1, "installs": 2, "small_base": True
    }  # fmt: skip
    frame = pa.Table.from_pylist([row], schema=empty.schema)
    context = dg.build_output_context(asset_key=asset_key(contract.full_name))
    manager.handle_output(context, frame)
    assert context.get_logged_metadata()["dagster/row_count"].value == 1
    types = {name: pd.ArrowDtype(empty.schema.field(name).type) for name in empty.column_names}
    pandas = frame.to_pandas(types_mapper=pd.ArrowDtype).astype(types)
    pandas.index = pd.Index([7], name="place")
    manager.handle_output(dg.build_output_context(asset_key=asset_key(contract.full_name)), pandas)
    given = manager.load_input(dg.build_input_context(asset_key=asset_key(contract.full_name)))
    assert given.to_pylist() == [row]


def test_inputs_are_the_rows_of_the_window(home: Home, manager: WarehouseIOManager) -> None:
    """Arrow with the contract's types: DECIMAL stays decimal and DATE stays date."""
    manager.handle_output(_output(home, DAYS[0], DAYS[2]), _query(home)[0])
    table = manager.load_input(_input(home, DAYS[1], DAYS[2]))
    assert sorted(table["conv_id"].to_pylist()) == ["v2", "v3"]
    assert table.schema.field("revenue").type == pa.decimal128(18, 6)
    assert table.schema.field("event_date").type == pa.date32()
    whole = manager.load_input(dg.build_input_context(asset_key=asset_key(TABLE)))
    assert whole.num_rows == 3


def test_days_of_a_context(home: Home) -> None:
    """The days of a run, one or many."""
    assert days_of(_output(home, DAYS[0], DAYS[2])) == [date.fromisoformat(day) for day in DAYS]
    assert days_of(_output(home, DAYS[1], DAYS[1])) == [date(2025, 3, 2)]
