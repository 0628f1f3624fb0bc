"""The IO manager's outputs: frames and queries kept as tables, nothing lost on failure.

What docs/extending.md says of what an asset returns.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ltv_platform.errors import BusyError, UserError
from ltv_platform.locks import one_run
from ltv_platform.orchestration.assets import asset_key
from ltv_platform.orchestration.io_manager import WarehouseIOManager
from ltv_platform.orchestration.partitions import daily_partitions
from ltv_platform.orchestration.resources import TURN, turn
from ltv_platform.published.current import own_files
from ltv_platform.user_tables import Query, tables
from ltv_platform.user_tables.model import OwnTable
from ltv_platform.warehouse.duckdb.transaction import DuckDBTransaction
from ltv_platform_tests.orchestration.contexts import frame_of, input_of, march, output, stored
from ltv_platform_tests.testing.home import Home

DAYS = ("2025-03-01", "2025-03-02", "2025-03-03")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path, start_date="2025-03-01")


@pytest.fixture
def manager(home: Home) -> WarehouseIOManager:
    """The IO manager of the empty home."""
    return WarehouseIOManager(home.engine, home.graph)


def _shown(home: Home, table: str = "mine.daily") -> list[tuple[Any, ...]]:
    """The same in the file that `ltv query` reads."""
    file = own_files(home.settings)[table]
    return home.engine.rows("FROM read_parquet($file) ORDER BY ALL", {"file": str(file)})


def test_days_are_replaced_and_others_kept(home: Home, manager: WarehouseIOManager) -> None:
    """A write replaces the days of the run; a day without rows is empty afterwards."""
    rows = [(day, place) for place, day in enumerate(DAYS)]
    manager.handle_output(output(home, *DAYS), frame_of(*rows))
    assert stored(home) == [(march(1), 0), (march(2), 1), (march(3), 2)]
    context = output(home, DAYS[1])
    manager.handle_output(context, frame_of((DAYS[1], 7), (DAYS[1], 8)))
    after = [(march(1), 0), (march(2), 7), (march(2), 8), (march(3), 2)]
    assert stored(home) == after == _shown(home)
    metadata = context.get_logged_metadata()
    assert metadata["dagster/row_count"].value == 4
    assert metadata["rows_written"].value == 2
    schema = metadata["dagster/column_schema"].value
    assert isinstance(schema, dg.TableSchema)
    assert [column.type for column in schema.columns] == [
        "DATE",
        "BIGINT",
    ]
    built = home.engine.state().built["mine.daily"]
    assert built[march(1)].seq == built[march(3)].seq < built[march(2)].seq
    manager.handle_output(output(home, *DAYS[:2]), frame_of())
    assert stored(home) == [(march(3), 2)] == _shown(home)
    manager.handle_output(output(home, DAYS[2]), pd.DataFrame())
    assert stored(home) == [] == _shown(home)


def test_nothing_on_the_first_day(home: Home, manager: WarehouseIOManager) -> None:
    """A frame without columns makes no table, and the next one may."""
    manager.handle_output(output(home, DAYS[0]), pd.DataFrame())
    assert set(home.engine.state().built["mine.daily"]) == {march(1)}
    with pytest.raises(UserError, match=r"mine\.daily does not exist: it was never written"):
        manager.load_input(input_of(home, "mine.daily", *DAYS))
    manager.handle_output(output(home, DAYS[1]), frame_of((DAYS[1], 1.5)))
    assert stored(home) == [(march(2), 1.5)]


def test_a_failed_write_loses_nothing(
    home: Home, manager: WarehouseIOManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stock IO manager lost 24 of 24 rows: it commits DELETE and INSERT separately."""
    manager.handle_output(output(home, *DAYS), frame_of(*((day, 1) for day in DAYS)))
    manager.handle_output(output(home, key="mine.whole"), frame_of((DAYS[0], 1)))
    before = stored(home), stored(home, "mine.whole"), home.engine.state().built

    def fails(*_: Any) -> None:
        raise duckdb.OutOfMemoryException

    with monkeypatch.context() as patch:
        patch.setattr(DuckDBTransaction, "record", fails)
        for context in (output(home, *DAYS), output(home, key="mine.whole")):
            with pytest.raises(duckdb.OutOfMemoryException):
                manager.handle_output(context, frame_of((DAYS[1], 2)))
    assert (stored(home), stored(home, "mine.whole"), home.engine.state().built) == before


@pytest.mark.parametrize("day", ["2025-03-02", "2025-02-28", None])
def test_rows_outside_the_days_are_an_error(
    home: Home, manager: WarehouseIOManager, day: str | None
) -> None:
    """So are rows without a day; the message names one."""
    manager.handle_output(output(home, DAYS[0]), frame_of((DAYS[0], 1)))
    with pytest.raises(UserError, match=f"outside the days of the run, such as {day or 'no'}"):
        manager.handle_output(output(home, DAYS[0]), frame_of((DAYS[0], 2), (str(day or ""), 3)))
    assert stored(home) == [(march(1), 1)]


def test_other_columns_are_an_error_while_other_days_have_the_old(
    home: Home, manager: WarehouseIOManager
) -> None:
    """Named both ways; materializing all partitions in one run takes the new ones."""
    manager.handle_output(output(home, *DAYS), frame_of(*((day, 1) for day in DAYS)))
    other = frame_of((DAYS[1], "a")).assign(more=1)
    with pytest.raises(UserError) as error:
        manager.handle_output(output(home, DAYS[1]), other)
    assert "more is not in the table; value is VARCHAR, not BIGINT" in error.value.message
    assert "all partitions in one run" in error.value.hint
    with pytest.raises(UserError, match="value is missing"):
        manager.handle_output(output(home, DAYS[1]), other[["day"]])
    assert len(stored(home)) == 3
    manager.handle_output(output(home, *DAYS), other)
    assert stored(home) == [(march(2), "a", 1)] == _shown(home)


def test_numbers_may_be_of_another_kind_that_changes_none(
    home: Home, manager: WarehouseIOManager
) -> None:
    """In pandas, whole numbers become doubles on a day with a missing one; all-NULL has no type."""
    manager.handle_output(output(home, DAYS[0]), frame_of((DAYS[0], 1)))
    manager.handle_output(output(home, DAYS[1]), frame_of((DAYS[1], 2.0), (DAYS[1], None)))
    manager.handle_output(output(home, DAYS[2]), frame_of((DAYS[2], None)))
    assert stored(home) == [
        (march(1), 1),
        (march(2), 2),
        (march(2), None),
        (march(3), None),
    ]
    with pytest.raises(UserError, match=r"value has 2\.5, and is BIGINT"):
        manager.handle_output(output(home, DAYS[1]), frame_of((DAYS[1], 2.5)))
    with pytest.raises(UserError, match="day has 2025-03-02 10:00:00, and is DATE"):
        manager.handle_output(output(home, DAYS[1]), frame_of(("2025-03-02 10:00", 2)))
    assert len(stored(home)) == 4


def test_a_table_without_partitions_is_replaced_columns_and_all(
    home: Home, manager: WarehouseIOManager
) -> None:
    """Its asset may change as it likes."""
    context = output(home, key="mine.ads.top")
    manager.handle_output(context, frame_of((DAYS[0], 1), (DAYS[1], 2)))
    assert context.get_logged_metadata()["dagster/table_name"].value == "mine_ads.top"
    manager.handle_output(output(home, key="mine.ads.top"), pd.DataFrame({"only": ["x"]}))
    assert stored(home, "mine_ads.top") == [("x",)] == _shown(home, "mine_ads.top")
    assert set(home.engine.state().built["mine_ads.top"]) == {None}


def test_a_query_may_read_the_table_that_it_replaces(
    home: Home, manager: WarehouseIOManager
) -> None:
    """Otherwise a table that is continued would lose everything."""
    first = Query("SELECT $number AS number", {"number": 1})
    more = Query("SELECT * FROM mine.runs UNION ALL SELECT MAX(number) + 1 FROM mine.runs;")
    for query_of_run in (first, more, more):
        manager.handle_output(output(home, key="mine.runs"), query_of_run)
    assert stored(home, "mine.runs") == [(1,), (2,), (3,)]


def test_types_of_pandas_columns(home: Home, manager: WarehouseIOManager) -> None:
    """docs/extending.md: of the frame's own types, and of an exact input back as they were."""
    frame = pd.DataFrame(
        {
            "money": [Decimal("1.25"), Decimal("300.5")],
            "day": [march(1), None],
            "at": pd.Series(["2025-03-01 10:00:00.123456", None], dtype="datetime64[us]"),
            "count": pd.array([1, None], dtype="Int64"),
            "share": [0.5, 0.25],
            "name": ["ä", None],
        }
    )
    types = ("DECIMAL(5,2)", "DATE", "TIMESTAMP", "BIGINT", "DOUBLE", "VARCHAR")
    manager.handle_output(output(home, key="mine.t"), frame)
    exact = manager.load_input(input_of(home, "mine.t", kind=pd.DataFrame, exact=True))
    manager.handle_output(output(home, key="mine.again"), exact)
    for name in ("t", "again"):
        assert tuple(tables.types(home.engine, OwnTable("mine", name)).values()) == types
    assert stored(home, "mine.again") == stored(home, "mine.t")
    assert exact["money"].sum() == Decimal("301.75")
    inexact = manager.load_input(input_of(home, "mine.t", kind=pd.DataFrame))
    kinds = ["f", "M", "M", "f", "f"]
    assert [inexact.dtypes[name].kind for name in list(frame)[:5]] == kinds
    assert inexact["at"][0] == pd.Timestamp("2025-03-01 10:00:00.123456")


def test_pandas_as_it_comes(home: Home, manager: WarehouseIOManager) -> None:
    """A named index is a column, an unnamed one is dropped; categories are their values."""
    frame = pd.DataFrame({"kind": ["b", "a", "b"], "value": [1, 2, 3]}, index=[7, 8, 9])
    manager.handle_output(output(home, key="mine.t"), frame.astype({"kind": "category"}))
    assert stored(home, "mine.t") == [("a", 2), ("b", 1), ("b", 3)]
    assert tables.types(home.engine, OwnTable("mine", "t"))["kind"] == "VARCHAR"
    manager.handle_output(output(home, key="mine.t"), frame.groupby("kind").sum())
    assert stored(home, "mine.t") == [("a", 2), ("b", 4)]


@pytest.mark.parametrize(
    ("key", "obj", "message"),
    [
        ("top", frame_of(), "The asset top has no schema"),
        ("marts.country_roas", frame_of(), "schema marts, which is reserved for the platform"),
        ("raw.mine", frame_of(), "schema raw, which is reserved for the platform"),
        ("mine.a-b", frame_of(), "cannot be a table because of 'a-b'"),
        ("mine.t", None, "returned None, which is not a data frame"),
        ("mine.t", [1], "returned a list, which is not a data frame"),
        (
            "mine.t",
            pd.Series([1]),
            r"a pandas\.Series, which is not a data frame. Call its to_frame",
        ),
        (
            "mine.t",
            pa.chunked_array([[1]]),
            r"returned a pyarrow\.\S+Array, which is not a data frame",
        ),
        ("mine.t", pd.DataFrame(), "would have no columns"),
        ("mine.t", pd.DataFrame({1: [2]}), "names are not text: 1"),
        ("mine.t", pd.DataFrame({"a": [1, "x"]}), "cannot be stored: a has values of int, str"),
        ("mine.t", pd.DataFrame({"a": [1j]}), "cannot be stored: a is complex128"),
        ("mine.t", pd.DataFrame({"a": np.ones(1, "float16")}), "cannot be stored: a is float16"),
        ("mine.t", pd.DataFrame({"a": pd.period_range("2025", "2025")}), "a is of the type period"),
        ("mine.t", pd.DataFrame({"a": [Decimal(10) ** 40]}), "a decimal of 41 digits, of at most"),
        ("mine.t", pd.DataFrame({"a": [1]}, pd.Index([1], name="a")), "more than one column a"),
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
        manager.handle_output(output(home, key=key), obj)
    assert error.value.hint
    assert not [name for name in home.engine.state().built if "mine" in name or "top" in name]


def test_partitions_say_in_which_a_row_is(home: Home, manager: WarehouseIOManager) -> None:
    """A column by partition_expr, and days: nothing else is understood."""
    context = dg.build_output_context(
        asset_key=asset_key("mine.daily"),
        partition_key=DAYS[0],
        asset_partitions_def=daily_partitions(home.settings),
    )
    with pytest.raises(UserError, match="does not say which one a row belongs to"):
        manager.handle_output(context, frame_of((DAYS[0], 1)))
    context = dg.build_output_context(
        asset_key=asset_key("mine.daily"),
        definition_metadata={"partition_expr": "day"},
        partition_key="a",
        asset_partitions_def=dg.StaticPartitionsDefinition(["a"]),
    )
    with pytest.raises(UserError, match="is not partitioned by day"):
        manager.handle_output(context, frame_of((DAYS[0], 1)))
    with pytest.raises(UserError, match="rows without the column day"):
        manager.handle_output(output(home, DAYS[0]), pd.DataFrame({"value": [1]}))
    with pytest.raises(UserError, match="gets day as VARCHAR"):
        manager.handle_output(output(home, DAYS[0]), pd.DataFrame({"day": [DAYS[0]]}))


def test_runs_take_turns(home: Home) -> None:
    """A run with a user's asset waits for the run that brings the home up to date."""
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
    assert stored(home, "mine.frame") == [(1,)]
