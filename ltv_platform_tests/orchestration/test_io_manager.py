"""The IO manager alone: frames and queries in, windows of rows out, nothing lost on failure.

What docs/extending.md says of what an asset takes and returns.
"""

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

from ltv_platform.errors import BusyError, UserError
from ltv_platform.locks import one_run
from ltv_platform.orchestration.assets import asset_key
from ltv_platform.orchestration.io_manager import WarehouseIOManager
from ltv_platform.orchestration.partitions import daily_partitions
from ltv_platform.orchestration.resources import TURN, turn
from ltv_platform.own import Query, tables
from ltv_platform.warehouse.published import own_files
from ltv_platform.warehouse.query import query
from ltv_platform_tests.warehouse.homes import Home

DAYS = ("2025-03-01", "2025-03-02", "2025-03-03")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Three cohorts of one campaign, published; the last is too young for seven days."""
    home = Home(tmp_path_factory.mktemp("home"), start_date="2025-03-01", as_of="2025-03-09")
    home.load("customers", *(f"u{d},2025-03-0{d} 10:00:00,US,ads,c1" for d in (1, 2, 3)))
    home.load("transactions", *(f"t{d},u{d},2025-03-0{d} 12:00:00,{d}.25,0" for d in (1, 2, 3)))
    home.load("campaign_costs", *(f"c1,2025-03-0{d},,2" for d in (1, 2, 3)), "c1,2025-03-09,,1")
    home.publish()
    return home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path, start_date="2025-03-01")


@pytest.fixture
def manager(home: Home) -> WarehouseIOManager:
    """The IO manager of the empty home."""
    return WarehouseIOManager(home.engine, home.graph)


def _output(home: Home, *days: str, key: str = "mine.daily") -> dg.OutputContext:
    """The context of an asset, partitioned where days are given."""
    if not days:
        return dg.build_output_context(asset_key=asset_key(key))
    return dg.build_output_context(
        asset_key=asset_key(key),
        definition_metadata={"partition_expr": "day"},
        asset_partitions_def=daily_partitions(home.settings),
        asset_partition_key_range=dg.PartitionKeyRange(days[0], days[-1]),
    )


def _input(
    home: Home, key: str, *days: str, kind: Any = pa.Table, **metadata: Any
) -> dg.InputContext:
    """The context of an input, of some days where they are given."""
    return dg.build_input_context(
        name="rows",
        asset_key=asset_key(key),
        definition_metadata=metadata,
        dagster_type=dg.PythonObjectDagsterType(kind) if kind is not None else None,
        upstream_output=dg.build_output_context(
            asset_key=asset_key(key), definition_metadata={"partition_expr": "day"}
        ),
        **(
            {
                "asset_partitions_def": daily_partitions(home.settings),
                "asset_partition_key_range": dg.PartitionKeyRange(days[0], days[-1]),
            }
            if days
            else {}
        ),
    )


def _frame(*rows: tuple[str, Any]) -> pd.DataFrame:
    """Rows of a day and a value."""
    return pd.DataFrame(
        {"day": pd.to_datetime([day for day, _ in rows]), "value": [value for _, value in rows]}
    )


def _stored(home: Home, table: str = "mine.daily") -> list[tuple[Any, ...]]:
    return home.engine.rows(f"SELECT * FROM {table} ORDER BY ALL")


def _shown(home: Home, table: str = "mine.daily") -> list[tuple[Any, ...]]:
    """The same in the file that `ltv query` reads."""
    file = own_files(home.settings)[table]
    return home.engine.rows("FROM read_parquet($file) ORDER BY ALL", {"file": str(file)})


def _march(day: int) -> date:
    return date(2025, 3, day)


def test_days_are_replaced_and_others_kept(home: Home, manager: WarehouseIOManager) -> None:
    """A write replaces the days of the run; a day without rows is empty afterwards."""
    rows = [(day, place) for place, day in enumerate(DAYS)]
    manager.handle_output(_output(home, *DAYS), _frame(*rows))
    assert _stored(home) == [(_march(1), 0), (_march(2), 1), (_march(3), 2)]
    context = _output(home, DAYS[1])
    manager.handle_output(context, _frame((DAYS[1], 7), (DAYS[1], 8)))
    after = [(_march(1), 0), (_march(2), 7), (_march(2), 8), (_march(3), 2)]
    assert _stored(home) == after == _shown(home)
    metadata = context.get_logged_metadata()
    assert metadata["dagster/row_count"].value == 4
    assert metadata["rows_written"].value == 2
    assert [column.type for column in metadata["dagster/column_schema"].value.columns] == [
        "DATE",
        "BIGINT",
    ]
    built = home.engine.state().built["mine.daily"]
    assert built[_march(1)].seq == built[_march(3)].seq < built[_march(2)].seq
    manager.handle_output(_output(home, *DAYS[:2]), _frame())
    assert _stored(home) == [(_march(3), 2)] == _shown(home)
    manager.handle_output(_output(home, DAYS[2]), pd.DataFrame())
    assert _stored(home) == [] == _shown(home)


def test_nothing_on_the_first_day(home: Home, manager: WarehouseIOManager) -> None:
    """A frame without columns makes no table, and the next one may."""
    manager.handle_output(_output(home, DAYS[0]), pd.DataFrame())
    assert set(home.engine.state().built["mine.daily"]) == {_march(1)}
    with pytest.raises(UserError, match=r"mine\.daily is not there: it was never written"):
        manager.load_input(_input(home, "mine.daily", *DAYS))
    manager.handle_output(_output(home, DAYS[1]), _frame((DAYS[1], 1.5)))
    assert _stored(home) == [(_march(2), 1.5)]


def test_a_failed_write_loses_nothing(
    home: Home, manager: WarehouseIOManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stock IO manager lost 24 of 24 rows: it commits DELETE and INSERT separately."""
    manager.handle_output(_output(home, *DAYS), _frame(*((day, 1) for day in DAYS)))
    manager.handle_output(_output(home, key="mine.whole"), _frame((DAYS[0], 1)))
    before = _stored(home), _stored(home, "mine.whole"), home.engine.state().built

    def fails(*_: Any) -> None:
        raise duckdb.OutOfMemoryException

    with monkeypatch.context() as patch:
        patch.setattr(tables, "record_built", fails)
        for context in (_output(home, *DAYS), _output(home, key="mine.whole")):
            with pytest.raises(duckdb.OutOfMemoryException):
                manager.handle_output(context, _frame((DAYS[1], 2)))
    assert (_stored(home), _stored(home, "mine.whole"), home.engine.state().built) == before


@pytest.mark.parametrize("day", ["2025-03-02", "2025-02-28", None])
def test_rows_outside_the_days_are_an_error(
    home: Home, manager: WarehouseIOManager, day: str | None
) -> None:
    """So are rows without a day; the message names one."""
    manager.handle_output(_output(home, DAYS[0]), _frame((DAYS[0], 1)))
    with pytest.raises(UserError, match=f"outside the days of the run, such as of {day or 'no'}"):
        manager.handle_output(_output(home, DAYS[0]), _frame((DAYS[0], 2), (str(day or ""), 3)))
    assert _stored(home) == [(_march(1), 1)]


def test_other_columns_are_an_error_while_other_days_have_the_old(
    home: Home, manager: WarehouseIOManager
) -> None:
    """Named both ways; materializing all partitions in one run takes the new ones."""
    manager.handle_output(_output(home, *DAYS), _frame(*((day, 1) for day in DAYS)))
    other = _frame((DAYS[1], "a")).assign(more=1)
    with pytest.raises(UserError) as error:
        manager.handle_output(_output(home, DAYS[1]), other)
    assert "more is not in the table; value is VARCHAR, not BIGINT" in error.value.message
    assert "all of its partitions in one run" in error.value.hint
    with pytest.raises(UserError, match="value is missing"):
        manager.handle_output(_output(home, DAYS[1]), other[["day"]])
    assert len(_stored(home)) == 3
    manager.handle_output(_output(home, *DAYS), other)
    assert _stored(home) == [(_march(2), "a", 1)] == _shown(home)


def test_numbers_may_be_of_another_kind_that_changes_none(
    home: Home, manager: WarehouseIOManager
) -> None:
    """In pandas whole numbers are doubles on the day that misses one, and nothing is no type."""
    manager.handle_output(_output(home, DAYS[0]), _frame((DAYS[0], 1)))
    manager.handle_output(_output(home, DAYS[1]), _frame((DAYS[1], 2.0), (DAYS[1], None)))
    manager.handle_output(_output(home, DAYS[2]), _frame((DAYS[2], None)))
    assert _stored(home) == [
        (_march(1), 1),
        (_march(2), 2),
        (_march(2), None),
        (_march(3), None),
    ]
    with pytest.raises(UserError, match=r"value has 2\.5, and is BIGINT"):
        manager.handle_output(_output(home, DAYS[1]), _frame((DAYS[1], 2.5)))
    with pytest.raises(UserError, match="day has 2025-03-02 10:00:00, and is DATE"):
        manager.handle_output(_output(home, DAYS[1]), _frame(("2025-03-02 10:00", 2)))
    assert len(_stored(home)) == 4


def test_a_table_without_partitions_is_replaced_columns_and_all(
    home: Home, manager: WarehouseIOManager
) -> None:
    """Its asset may change as it likes."""
    context = _output(home, key="mine.ads.top")
    manager.handle_output(context, _frame((DAYS[0], 1), (DAYS[1], 2)))
    assert context.get_logged_metadata()["dagster/table_name"].value == "mine_ads.top"
    manager.handle_output(_output(home, key="mine.ads.top"), pd.DataFrame({"only": ["x"]}))
    assert _stored(home, "mine_ads.top") == [("x",)] == _shown(home, "mine_ads.top")
    assert set(home.engine.state().built["mine_ads.top"]) == {None}


def test_a_query_may_read_the_table_that_it_replaces(
    home: Home, manager: WarehouseIOManager
) -> None:
    """Else a table that is continued would lose all that it had."""
    first = Query("SELECT $number AS number", {"number": 1})
    more = Query("SELECT * FROM mine.runs UNION ALL SELECT MAX(number) + 1 FROM mine.runs;")
    for query_of_run in (first, more, more):
        manager.handle_output(_output(home, key="mine.runs"), query_of_run)
    assert _stored(home, "mine.runs") == [(1,), (2,), (3,)]


def test_pandas_as_it_comes(home: Home, manager: WarehouseIOManager) -> None:
    """A named index is a column, one without a name is none; categories are their values."""
    frame = pd.DataFrame({"kind": ["b", "a", "b"], "value": [1, 2, 3]}, index=[7, 8, 9])
    manager.handle_output(_output(home, key="mine.t"), frame.astype({"kind": "category"}))
    assert _stored(home, "mine.t") == [("a", 2), ("b", 1), ("b", 3)]
    assert tables.types(home.engine, tables.OwnTable("mine", "t"))["kind"] == "VARCHAR"
    manager.handle_output(_output(home, key="mine.t"), frame.groupby("kind").sum())
    assert _stored(home, "mine.t") == [("a", 2), ("b", 4)]


@pytest.mark.parametrize(
    ("key", "obj", "message"),
    [
        ("top", _frame(), "The asset top has no schema to stand in"),
        ("marts.country_roas", _frame(), "schema marts, which is not for tables of your own"),
        ("raw.mine", _frame(), "schema raw, which is not for tables of your own"),
        ("mine.a-b", _frame(), "cannot be a table, because of 'a-b'"),
        ("mine.t", None, "returned a builtins.NoneType, which is no frame"),
        ("mine.t", [1], "returned a builtins.list, which is no frame"),
        ("mine.t", pd.DataFrame(), "would be a table without columns"),
        ("mine.t", pd.DataFrame({1: [2]}), "names are no text: 1"),
        ("mine.t", pd.DataFrame({"a": [1, "x"]}), "has a column that no table can have"),
        ("mine.t", pd.DataFrame({"a": [1], "A": [2]}), "more than one column a"),
        ("mine.t", Query("SELECT nothing"), "The query of mine.t fails"),
        ("mine.t", Query("DELETE FROM core.customers"), "The query of mine.t fails"),
    ],
)
def test_what_no_table_can_be_made_of(
    home: Home, manager: WarehouseIOManager, key: str, obj: Any, message: str
) -> None:
    """A message that says what to do, and nothing written."""
    with pytest.raises(UserError, match=message) as error:
        manager.handle_output(_output(home, key=key), obj)
    assert error.value.hint
    assert not [name for name in home.engine.state().built if "mine" in name or "top" in name]


def test_partitions_say_in_which_a_row_is(home: Home, manager: WarehouseIOManager) -> None:
    """A column by partition_expr, and days: nothing else is understood."""
    context = dg.build_output_context(
        asset_key=asset_key("mine.daily"),
        partition_key=DAYS[0],
        asset_partitions_def=daily_partitions(home.settings),
    )
    with pytest.raises(UserError, match="does not say in which a row is"):
        manager.handle_output(context, _frame((DAYS[0], 1)))
    context = dg.build_output_context(
        asset_key=asset_key("mine.daily"),
        definition_metadata={"partition_expr": "day"},
        partition_key="a",
        asset_partitions_def=dg.StaticPartitionsDefinition(["a"]),
    )
    with pytest.raises(UserError, match="partitions of another kind than days"):
        manager.handle_output(context, _frame((DAYS[0], 1)))
    with pytest.raises(UserError, match="rows without the column day"):
        manager.handle_output(_output(home, DAYS[0]), pd.DataFrame({"value": [1]}))
    with pytest.raises(UserError, match="gets day as VARCHAR"):
        manager.handle_output(_output(home, DAYS[0]), pd.DataFrame({"day": [DAYS[0]]}))


def _roas(rows: Iterable[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((row["install_date"], row["roas_d7"]) for row in rows)


def test_a_table_of_the_platform_comes_as_it_is_published(built: Home) -> None:
    """With ratios, NULL where a cohort is too young; exact in Arrow, floats in pandas."""
    manager = WarehouseIOManager(built.engine, built.graph)
    table = manager.load_input(_input(built, "marts.campaign_roas"))
    expected = built.published("SELECT * FROM campaign_roas ORDER BY ALL")
    assert sorted(table.to_pylist(), key=lambda row: row["install_date"]) == expected
    young = [row for row in table.to_pylist() if row["install_date"] == _march(9)]
    assert [row["revenue_d7"] for row in young] == [None]
    assert table.schema.field("spend").type == pa.decimal128(18, 6)
    assert table.schema.field("install_date").type == pa.date32()
    for kind in (pd.DataFrame, Any):
        frame = manager.load_input(_input(built, "marts.campaign_roas", kind=kind))
        assert frame.dtypes["spend"] == frame.dtypes["roas_d7"] == "float64"
        assert frame.dtypes["install_date"].kind == "M"
        of_first = frame[frame["install_date"] == pd.Timestamp("2025-03-01")]
        assert of_first["roas_d7"].tolist() == [0.625]


def test_stored_rows_and_some_columns(built: Home) -> None:
    """Sums only, unfinished ones too: what is too young is a low number there."""
    manager = WarehouseIOManager(built.engine, built.graph)
    table = manager.load_input(_input(built, "marts.campaign_roas", stored=True))
    assert "roas_d7" not in table.column_names
    young = [row for row in table.to_pylist() if row["install_date"] == _march(9)]
    assert [row["revenue_d7"] for row in young] == [0]
    some = _input(built, "marts.campaign_roas", columns=["spend", "country"])
    assert manager.load_input(some).column_names == ["spend", "country"]
    with pytest.raises(UserError, match=r"marts\.campaign_roas has no column roas_d8"):
        manager.load_input(_input(built, "marts.campaign_roas", columns=["roas_d8"]))
    raw = manager.load_input(_input(built, "raw.transactions"))
    assert set(raw["version"].to_pylist()) == {1}


@pytest.mark.parametrize("stored", [False, True])
def test_inputs_are_the_rows_of_the_window(built: Home, stored: bool) -> None:
    """Those of the partitions that the mapping says; days that were never written have none."""
    manager = WarehouseIOManager(built.engine, built.graph)
    load = manager.load_input
    for table, day in (("core.transactions", "event_date"), ("marts.campaign_ltv", "install_date")):
        some = load(_input(built, table, DAYS[1], "2025-03-05", stored=stored))
        assert sorted(some[day].to_pylist()) == [_march(2), _march(3)]
        none = load(_input(built, table, "2025-03-20", "2025-03-21", stored=stored))
        assert none.num_rows == 0
        assert none.schema == some.schema
    curve = load(_input(built, "marts.campaign_cohort_curve", "2025-03-10", "2025-12-31"))
    assert curve.num_rows == 0, "a presentation makes rows of days that are not known yet"


def test_every_table_comes_as_it_is_published(built: Home) -> None:
    """All presentations of all tables, rows that are added included."""
    manager = WarehouseIOManager(built.engine, built.graph)
    for transform in built.graph.transforms:
        table = manager.load_input(_input(built, transform.name))
        columns = [column.name for column in transform.contract.published]
        assert table.column_names == columns, transform.name
        expected = built.published(f"SELECT * FROM {transform.contract.name}")
        assert sorted(map(repr, table.to_pylist())) == sorted(map(repr, expected)), transform.name


def test_a_query_sees_what_ltv_query_sees(built: Home) -> None:
    """A plain name is a published table, one with its schema a stored one."""
    manager = WarehouseIOManager(built.engine, built.graph)
    sql = (
        "SELECT install_date AS day, published.revenue_d7 AS revenue, stored.revenue_d7 AS so_far, "
        "CAST($factor AS INTEGER) * published.roas_d7 AS roas, SUM(age_day) AS ages "
        "FROM campaign_roas AS published "
        "JOIN marts.campaign_roas AS stored USING (install_date, campaign_id, country) "
        "LEFT JOIN campaign_cohort_curve AS curve USING (install_date, campaign_id) "
        "GROUP BY ALL -- days"
    )
    context = _output(built, "2025-03-01", "2025-03-09", key="mine.by_query")
    manager.handle_output(context, Query(sql, {"factor": 2}))
    rows = _stored(built, "mine.by_query")
    assert [row[0].day for row in rows] == [1, 2, 3, 9]
    assert rows[0][1:] == (Decimal("1.25"), Decimal("1.25"), 1.25, 36)
    assert rows[3][1:] == (None, Decimal(0), None, 0)
    assert query(built.settings, "SELECT * FROM mine.by_query ORDER BY day")[1] == rows
    kinds = list(tables.types(built.engine, tables.OwnTable("mine", "by_query")).values())
    assert kinds == ["DATE", "DECIMAL(18,6)", "DECIMAL(18,6)", "DOUBLE", "BIGINT"]


def test_own_tables_are_inputs_too(home: Home, manager: WarehouseIOManager) -> None:
    """Of the days that are asked for, or all."""
    manager.handle_output(_output(home, *DAYS), _frame(*((day, 1) for day in DAYS)))
    some = manager.load_input(_input(home, "mine.daily", DAYS[1], DAYS[2]))
    assert some["day"].to_pylist() == [_march(2), _march(3)]
    frame = manager.load_input(_input(home, "mine.daily", kind=pd.DataFrame))
    manager.handle_output(_output(home, *DAYS), frame.assign(value=frame["value"] + 1))
    assert _stored(home) == [(_march(1), 2), (_march(2), 2), (_march(3), 2)]
    with pytest.raises(UserError, match="The input rows is annotated as dict"):
        manager.load_input(_input(home, "mine.daily", kind=dict))


def test_polars_in_and_out(built: Home) -> None:
    """Decimals exact; a lazy frame says what to call first."""
    polars = pytest.importorskip("polars")
    manager = WarehouseIOManager(built.engine, built.graph)
    frame = manager.load_input(_input(built, "marts.campaign_roas", kind=polars.DataFrame))
    assert frame["spend"].dtype == polars.Decimal(18, 6)
    manager.handle_output(_output(built, key="mine.from_polars"), frame)
    kept = manager.load_input(_input(built, "mine.from_polars"))
    assert kept.schema.field("spend").type == pa.decimal128(18, 6)
    assert _roas(kept.to_pylist()) == _roas(frame.to_dicts())
    with pytest.raises(UserError, match="Call its collect"):
        manager.handle_output(_output(built, key="mine.from_polars"), frame.lazy())


def test_runs_take_turns(home: Home) -> None:
    """A run with an asset of its own waits for the run that brings the home up to date."""
    from ltv_platform.orchestration.io_manager import warehouse_io_manager

    impatient = home.under(run_timeout=0.1)
    resources = {
        TURN: turn(impatient.settings),
        "io_manager": warehouse_io_manager(impatient.engine, impatient.graph),
    }

    @dg.asset(key_prefix="mine")
    def frame() -> pd.DataFrame:
        return pd.DataFrame({"a": [1]})

    with (
        one_run(home.settings, lambda _: None),
        pytest.raises(dg.DagsterError) as error,
    ):
        dg.materialize([frame], resources=resources)
    assert isinstance(error.value.__cause__, BusyError)
    assert dg.materialize([frame], resources=resources).success
    assert _stored(home, "mine.frame") == [(1,)]
