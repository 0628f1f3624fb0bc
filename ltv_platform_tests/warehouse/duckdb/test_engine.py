"""The DuckDB engine: every write is all or nothing, one writer at a time."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from ltv_platform.contracts import Column
from ltv_platform.errors import UserError
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Select
from ltv_platform.warehouse.duckdb import engine as duckdb_engine
from ltv_platform.warehouse.duckdb.connection import open_warehouse
from ltv_platform.warehouse.engine import Writer
from ltv_platform_tests.testing.home import CAMPAIGNS, Home

TABLE = "core.conversions"
DAY, NEXT_DAY = date(2025, 3, 1), date(2025, 3, 2)
ROW = (
    "SELECT '{key}' AS conv_id, 'a' AS user_id, TIMESTAMP '{day} 10:00:00' AS event_ts, "
    "DATE '{day}' AS event_date, CAST({revenue} AS DECIMAL(18,6)) AS revenue"
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Two days of conversions, written."""
    home = Home(tmp_path / "home", start_date="2025-03-01", lock_timeout=0.2)
    for place, day in enumerate((DAY, NEXT_DAY)):
        _write(home, _row(f"v{place}", day), day)
    return home


def _row(key: str, day: date, revenue: str = "5") -> str:
    return ROW.format(key=key, day=day, revenue=revenue)


def _write(home: Home, sql: str, day: date, end: date | None = None) -> int:
    writer = Writer(TABLE, "hash", home.engine.as_of())
    table = home.graph.catalog[TABLE]
    return home.engine.replace_range(table, Select(sql, {}), day, end or day, writer)


def _contents(home: Home) -> tuple[list[Any], list[Any]]:
    rows = home.engine.rows(f"SELECT conv_id, event_date, revenue FROM {TABLE} ORDER BY 1")
    return rows, home.engine.rows("SELECT * FROM raw.built ORDER BY ALL")


def test_replacing_a_range_replaces_it_and_nothing_else(home: Home) -> None:
    """`replace_range` is idempotent; rows of other days stay."""
    assert _write(home, _row("new", DAY), DAY) == 1
    first = _contents(home)[0]
    assert first == [("new", DAY, 5), ("v1", NEXT_DAY, 5)]
    assert _write(home, _row("new", DAY), DAY) == 1
    assert _contents(home)[0] == first
    assert _write(home, _row("none", DAY) + " WHERE FALSE", DAY) == 0
    assert _contents(home)[0] == [("v1", NEXT_DAY, 5)], "an empty result empties the day"


def test_each_write_draws_a_higher_number(home: Home) -> None:
    """`built` is written in the write's own transaction, with the next number."""
    before = home.engine.state()
    _write(home, _row("new", DAY), DAY, NEXT_DAY)
    built = home.engine.state().built[TABLE]
    assert {built[DAY].seq, built[NEXT_DAY].seq} == {before.newest + 1}
    assert (built[DAY].code_hash, built[DAY].as_of) == ("hash", None)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (_row("x", DAY, "CAST('no number' AS INTEGER)"), "got a text instead of an amount"),
        (_row("x", DAY, "error('late')"), "late"),
        (_row("x", DAY, "1e12"), "core.conversions .* too large: money columns hold twelve digits"),
        (_row("x", NEXT_DAY + timedelta(days=1)), "core.conversions .* such as 2025-03-03"),
        ("SELECT NULL AS user_id, * EXCLUDE user_id FROM (" + _row("x", DAY) + ")", "user_id"),
        (_row("x", DAY).replace(", CAST(5 AS DECIMAL(18,6)) AS revenue", ""), "revenue is missing"),
        (_row("x", DAY) + ", 1 AS extra", "extra is not in the contract"),
        (_row("x", DAY).replace("DECIMAL(18,6)", "DOUBLE"), "revenue is DOUBLE, not DECIMAL"),
        ("SELECT CAST(NULL AS VARCHAR) AS user_id, conv_id, event_ts, event_date, revenue FROM ("
         + _row("x", DAY) + ")", "core.conversions got a row without user_id"),
        ("SELECT * FROM core.new", "core.conversions cannot be written: Catalog Error: .* new "),
        ("SELECT new FROM core.sessions", "core.conversions cannot be written: .* column .new."),
        ("SELECT ,", "core.conversions cannot be written: Parser Error"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("held", [False, True])
def test_a_failed_write_loses_nothing(home: Home, sql: str, message: str, held: bool) -> None:
    """A failed SELECT or a schema mismatch in either direction leaves the old partition."""
    before = _contents(home)
    if held:  # and a held connection stays usable
        with home.engine.hold():
            with pytest.raises((UserError, duckdb.Error), match=message):
                _write(home, sql, DAY)
            assert _contents(home) == before
            _write(home, _row("after", DAY), DAY)
    else:
        with pytest.raises((UserError, duckdb.Error), match=message):
            _write(home, sql, DAY)
        assert _contents(home) == before
        _write(home, _row("after", DAY), DAY)
    assert [key for key, *_ in _contents(home)[0]] == ["after", "v1"]


def test_columns_are_matched_by_name(home: Home) -> None:
    """Never by position: a SELECT in another order gives the same rows."""
    reordered = f"SELECT revenue, event_date, conv_id, event_ts, user_id FROM ({_row('x', DAY)})"
    _write(home, reordered, DAY)
    assert ("x", DAY, 5) in _contents(home)[0]


def test_rows_and_built_count_together_or_not_at_all(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between the insert and `built` (simulated) leaves both as they were."""
    before = _contents(home)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(duckdb_engine, "record_built", killed)
        with pytest.raises(KeyboardInterrupt):
            _write(home, _row("lost", DAY), DAY)
    assert _contents(home) == before


def test_the_connection_is_closed_on_error(home: Home) -> None:
    """Whatever passes through it; a connection left open would lock everybody out."""
    kept: list[object] = []  # so that nothing is closed by going out of scope
    with pytest.raises(ZeroDivisionError), home.engine.session() as connection:
        kept.append(connection)
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), home.engine.hold():
        kept.append(list(home.engine._held.values()))
        raise ZeroDivisionError
    with _other_process(home):
        assert len(kept) == 2


def test_holds_may_be_nested(home: Home) -> None:
    """The outer hold keeps its connection when an inner one ends."""
    with home.engine.hold(), home.engine.session() as outer:
        with home.engine.hold():
            pass
        with home.engine.session() as inner:
            assert inner is outer


def test_threads_hold_connections_of_their_own(home: Home) -> None:
    """The code server looks at what is stale in several; the end of one closes nobody's else."""
    first_holds, second_holds = threading.Event(), threading.Event()

    def first() -> None:
        with home.engine.hold():
            first_holds.set()
            assert second_holds.wait(30)

    with ThreadPoolExecutor(1) as other:
        ended = other.submit(first)
        assert first_holds.wait(30)
        with home.engine.hold():
            second_holds.set()
            ended.result(30)
            assert home.engine.rows("SELECT 1") == [(1,)]
        assert home.engine.rows("SELECT 2") == [(2,)]


@contextmanager
def _other_process(home: Home) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the file until its standard input closes."""
    code = (
        "import duckdb, sys\n"
        f"connection = duckdb.connect({str(home.settings.warehouse_path)!r})\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True) as it:
        assert it.stdout is not None and it.stdin is not None
        assert it.stdout.readline() == "held\n"
        try:
            yield it
        finally:
            it.stdin.close()


def test_the_lock_names_its_holder(home: Home) -> None:
    """After LTV_LOCK_TIMEOUT: which process holds the warehouse, and what to do."""
    with _other_process(home) as other, pytest.raises(UserError) as caught:
        home.engine.state()
    assert f"process {other.pid}" in caught.value.message
    assert "LTV_LOCK_TIMEOUT" in caught.value.hint


def test_the_lock_is_waited_for(home: Home) -> None:
    """A reader that finds the file locked tries again until it is free."""
    patient = home.under(lock_timeout=600.0)
    with _other_process(home) as other:
        assert other.stdin is not None
        timer = threading.Timer(0.4, other.stdin.close)
        timer.start()
        assert len(patient.engine.rows(f"FROM {TABLE}")) == 2
        timer.join()


def test_other_errors_are_not_waited_for(tmp_path: Path) -> None:
    """A damaged file is said to be one at once, with what to do."""
    settings = Settings(home=tmp_path, lock_timeout=60.0)
    settings.warehouse_path.write_bytes(b"no database" * 1000)
    with pytest.raises(UserError, match="cannot be opened") as caught, open_warehouse(settings):
        pass
    assert "loaded/" in caught.value.hint


def test_a_changed_contract_makes_the_table_anew(home: Home) -> None:
    """A derived table whose contract changed starts empty and unbuilt; others stay."""
    ranks = "marts.country_roas"
    home.engine.record([Writer(ranks, "hash", home.engine.as_of())], 3)
    before = _contents(home)[0]
    more = home.under(horizons=(1, 3, 7, 14, 30))
    state = more.engine.state()
    assert set(state.built) == {TABLE}
    assert _contents(more)[0] == before
    names = [name for name, *_ in more.engine.rows("DESCRIBE marts.country_roas")]
    assert names == [column.name for column in more.graph.catalog["marts.country_roas"].columns]
    more.refresh()


def test_a_raw_table_of_another_version_is_an_error(home: Home) -> None:
    """The log is never dropped: the message says to use the version that made it."""
    other = home.under()
    table = other.graph.catalog["raw.campaigns"]
    changed = replace(table, columns=(*table.columns, Column("new", "VARCHAR", "New.")))
    other.graph.catalog._tables["raw.campaigns"] = changed
    with pytest.raises(UserError, match=r"raw\.campaigns .* another version"):
        other.engine.state()


def test_arrow_tables_pass_through_the_same_write(home: Home) -> None:
    """Small tables made in Python: same comparison, same transaction, no row outside."""
    table = home.graph.catalog[TABLE]
    writer = Writer(TABLE, "", home.engine.as_of())
    rows = home.engine.fetch(_row("arrow", DAY))
    assert home.engine.replace_range(table, rows, DAY, DAY, writer) == 1
    before = _contents(home)
    assert before[0] == [("arrow", DAY, 5), ("v1", NEXT_DAY, 5)]
    with pytest.raises(UserError, match="rows outside the days of the run, such as"):
        home.engine.replace_range(table, rows, NEXT_DAY, NEXT_DAY, writer)
    with pytest.raises(UserError, match="revenue is missing"):
        home.engine.replace_range(table, rows.drop_columns("revenue"), DAY, DAY, writer)
    with pytest.raises(UserError, match="user_id is INTEGER, not VARCHAR"):
        wrong = rows.set_column(
            rows.schema.get_field_index("user_id"), "user_id", [pa.array([1], pa.int32())]
        )
        home.engine.replace_range(table, wrong, DAY, DAY, writer)
    assert _contents(home) == before


def test_what_is_forgotten_is_stale(home: Home) -> None:
    """A write that failed a check keeps its rows but does not count as built."""
    home.engine.forget(TABLE, NEXT_DAY, NEXT_DAY)
    assert list(home.engine.state().built[TABLE]) == [DAY]
    home.engine.forget(TABLE)
    assert TABLE not in home.engine.state().built
    assert len(_contents(home)[0]) == 2


def test_a_later_start_removes_the_partitions_before_it(tmp_path: Path) -> None:
    """LTV_START_DATE set later than what was built: as a fresh home, nothing lies before it.

    Else the old partitions stood in every figure, and no run could reach them any more.
    """
    rows = {
        "customers": ("a,2025-03-01 10:00:00,US,ads,c1", "b,2025-03-05 10:00:00,US,ads,c1"),
        "transactions": ("t1,a,2025-03-01 11:00:00,5,0", "t2,b,2025-03-05 11:00:00,3,0"),
        "campaign_costs": ("c1,2025-03-01,US,2", "c1,2025-03-05,US,4"),
    }
    settings = {"groups": CAMPAIGNS, "as_of": "2025-03-10"}
    home = Home(tmp_path / "home", start_date="2025-03-01", **settings)
    fresh = Home(tmp_path / "fresh", start_date="2025-03-04", **settings)
    for table, lines in rows.items():
        home.load(table, *lines)
        fresh.load(table, *lines)
    home.refresh()
    fresh.refresh()
    later = home.under(start_date="2025-03-04")
    later.refresh()
    assert later.tables() == fresh.tables()
    assert min(day for day in later.engine.state().built["core.customers"] if day) == date(
        2025, 3, 4
    )
    earlier = home.under()
    earlier.refresh()
    assert earlier.engine.rows("SELECT COUNT(*) FROM core.customers") == [(2,)]
