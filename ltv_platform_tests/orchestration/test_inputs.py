"""The IO manager's inputs: tables as frames, as they are published, and queries over them.

What docs/extending.md says of what an asset takes.
"""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from ltv_platform.errors import UserError
from ltv_platform.orchestration.io_manager import WarehouseIOManager
from ltv_platform.published.query import query
from ltv_platform.user_tables import Query, tables
from ltv_platform.user_tables.model import OwnTable
from ltv_platform_tests.orchestration.contexts import frame_of, input_of, march, output, stored
from ltv_platform_tests.testing.home import Home

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


def _roas(rows: Iterable[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((row["install_date"], row["roas_d7"]) for row in rows)


def test_a_table_of_the_platform_comes_as_it_is_published(built: Home) -> None:
    """With ratios, NULL if a cohort is too young; exact in Arrow, floats in pandas."""
    manager = WarehouseIOManager(built.engine, built.graph)
    table = manager.load_input(input_of(built, "marts.campaign_roas"))
    expected = built.published("SELECT * FROM campaign_roas ORDER BY ALL")
    assert sorted(table.to_pylist(), key=lambda row: row["install_date"]) == expected
    young = [row for row in table.to_pylist() if row["install_date"] == march(9)]
    assert [row["revenue_d7"] for row in young] == [None]
    assert table.schema.field("spend").type == pa.decimal128(38, 6)
    assert table.schema.field("install_date").type == pa.date32()
    for kind in (pd.DataFrame, Any):
        frame = manager.load_input(input_of(built, "marts.campaign_roas", kind=kind))
        assert frame.dtypes["spend"] == frame.dtypes["roas_d7"] == "float64"
        assert frame.dtypes["install_date"].kind == "M"
        of_first = frame[frame["install_date"] == pd.Timestamp("2025-03-01")]
        assert of_first["roas_d7"].tolist() == [0.625]


def test_stored_rows_and_some_columns(built: Home) -> None:
    """Sums only, unfinished ones too: what is too young is a low number there."""
    manager = WarehouseIOManager(built.engine, built.graph)
    table = manager.load_input(input_of(built, "marts.campaign_roas", stored=True))
    assert "roas_d7" not in table.column_names
    young = [row for row in table.to_pylist() if row["install_date"] == march(9)]
    assert [row["revenue_d7"] for row in young] == [0]
    some = input_of(built, "marts.campaign_roas", columns=["spend", "country"])
    assert manager.load_input(some).column_names == ["spend", "country"]
    with pytest.raises(UserError, match=r"marts\.campaign_roas has no column roas_d8"):
        manager.load_input(input_of(built, "marts.campaign_roas", columns=["roas_d8"]))
    raw = manager.load_input(input_of(built, "raw.transactions"))
    assert set(raw["version"].to_pylist()) == {1}


@pytest.mark.parametrize("stored", [False, True])
def test_inputs_are_the_rows_of_the_window(built: Home, stored: bool) -> None:
    """Those of the partitions that the mapping says; days that were never written have none."""
    manager = WarehouseIOManager(built.engine, built.graph)
    load = manager.load_input
    for table, day in (("core.transactions", "event_date"), ("marts.campaign_ltv", "install_date")):
        some = load(input_of(built, table, DAYS[1], "2025-03-05", stored=stored))
        assert sorted(some[day].to_pylist()) == [march(2), march(3)]
        none = load(input_of(built, table, "2025-03-20", "2025-03-21", stored=stored))
        assert none.num_rows == 0
        assert none.schema == some.schema
    curve = load(input_of(built, "marts.campaign_cohort_curve", "2025-03-10", "2025-12-31"))
    assert curve.num_rows == 0, "a presentation makes rows of days that are not known yet"


def test_every_table_comes_as_it_is_published(built: Home) -> None:
    """All presentations of all tables, rows that are added included."""
    manager = WarehouseIOManager(built.engine, built.graph)
    for transform in built.graph.transforms:
        table = manager.load_input(input_of(built, transform.name))
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
    context = output(built, "2025-03-01", "2025-03-09", key="mine.by_query")
    manager.handle_output(context, Query(sql, {"factor": 2}))
    rows = stored(built, "mine.by_query")
    assert [row[0].day for row in rows] == [1, 2, 3, 9]
    assert rows[0][1:] == (Decimal("1.25"), Decimal("1.25"), 1.25, 36)
    assert rows[3][1:] == (None, Decimal(0), None, 0)
    assert query(built.settings, "SELECT * FROM mine.by_query ORDER BY day")[1] == rows
    kinds = list(tables.types(built.engine, OwnTable("mine", "by_query")).values())
    assert kinds == ["DATE", "DECIMAL(38,6)", "DECIMAL(38,6)", "DOUBLE", "BIGINT"]


def test_own_tables_are_inputs_too(home: Home, manager: WarehouseIOManager) -> None:
    """Of the days that are asked for, or all."""
    manager.handle_output(output(home, *DAYS), frame_of(*((day, 1) for day in DAYS)))
    some = manager.load_input(input_of(home, "mine.daily", DAYS[1], DAYS[2]))
    assert some["day"].to_pylist() == [march(2), march(3)]
    frame = manager.load_input(input_of(home, "mine.daily", kind=pd.DataFrame))
    manager.handle_output(output(home, *DAYS), frame.assign(value=frame["value"] + 1))
    assert stored(home) == [(march(1), 2), (march(2), 2), (march(3), 2)]
    with pytest.raises(UserError, match="The input rows is annotated as dict"):
        manager.load_input(input_of(home, "mine.daily", kind=dict))


def test_polars_in_and_out(built: Home) -> None:
    """Decimals exact; a lazy frame says what to call first."""
    polars = pytest.importorskip("polars")
    manager = WarehouseIOManager(built.engine, built.graph)
    frame = manager.load_input(input_of(built, "marts.campaign_roas", kind=polars.DataFrame))
    assert frame["spend"].dtype == polars.Decimal(18, 6)
    manager.handle_output(output(built, key="mine.from_polars"), frame)
    kept = manager.load_input(input_of(built, "mine.from_polars"))
    assert kept.schema.field("spend").type == pa.decimal128(38, 6)
    assert _roas(kept.to_pylist()) == _roas(frame.to_dicts())
    with pytest.raises(UserError, match="Call its collect"):
        manager.handle_output(output(built, key="mine.from_polars"), frame.lazy())
