"""What every engine does, on the embedded engine and a second one: the same assertions on both."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from ltv_platform.contracts import build_catalog
from ltv_platform.errors import UserError
from ltv_platform.ingestion.quarantine.listing import dismiss
from ltv_platform.ingestion.quarantine.replaying import replay
from ltv_platform.settings import Settings, load_settings
from ltv_platform.tables.transforms import Select
from ltv_platform.user_tables import OwnTable
from ltv_platform.user_tables.tables import read, types, write
from ltv_platform.warehouse.engine import Engine, RaisedError, StatementError, Writer
from ltv_platform.warehouse.loads import known_load
from ltv_platform.warehouse.opening import open_engine
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.loader import Loader
from ltv_platform_tests.testing.small_home import ROWS
from ltv_platform_tests.warehouse.memory_engine import open_memory_engine

TABLE = "core.conversions"
DAY, NEXT_DAY = date(2025, 3, 1), date(2025, 3, 2)
ROW = (
    "SELECT '{key}' AS conv_id, 'a' AS user_id, TIMESTAMP '{day} 10:00:00' AS event_ts, "
    "DATE '{day}' AS event_date, CAST(5 AS DECIMAL(18,6)) AS revenue"
)
ORDERS = "transaction_id,customer_id,transaction_date,amount,is_refund\n"


@pytest.fixture(params=[open_engine, open_memory_engine], ids=["embedded", "memory"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """An empty warehouse."""
    settings = Settings(home=tmp_path / "home", start_date=DAY, threads=1)
    settings.home.mkdir()
    engine: Engine = request.param(settings, build_catalog(settings))
    return engine


@pytest.fixture
def load(engine: Engine, tmp_path: Path) -> Loader:
    """Loads files into it."""
    return Loader(engine, tmp_path / "files")  # type: ignore[arg-type]


def _select(*rows: tuple[str, date]) -> Select:
    return Select(" UNION ALL ".join(ROW.format(key=key, day=day) for key, day in rows), {})


def _write(engine: Engine, rows: Select | pa.Table, first: date, last: date) -> int:
    writer = Writer(TABLE, "hash", engine.as_of())
    return engine.replace_range(engine.catalog[TABLE], rows, first, last, writer)


def _keys(engine: Engine) -> list[str]:
    return [key for (key,) in engine.rows(f"SELECT conv_id FROM {TABLE} ORDER BY 1")]


def test_a_load_enters_the_log_once_and_is_known(engine: Engine, load: Loader) -> None:
    """Good rows, rejected ones, and what came of the file are one write."""
    text = f"{ORDERS}t1,a,2025-03-01 11:00:00,5,0\nt2,a,2025-03-02 11:00:00,many,0\n"
    counts = load("transactions", text)
    assert (counts.rows_accepted, counts.rows_quarantined) == (1, 1)
    assert known_load(engine, counts.load_id) == counts
    assert known_load(engine, "another") is None
    assert load.outcome("transactions", text).repeated
    assert engine.rows("SELECT transaction_id, amount, version FROM raw.transactions") == [
        ("t1", Decimal(5), 1)
    ]
    [(reasons, line)] = engine.rows("SELECT reasons, line FROM raw.quarantine")
    assert (len(reasons), line) == (1, 3)
    assert reasons[0].startswith("amount: ")


def test_a_key_with_other_values_is_a_new_version(engine: Engine, load: Loader) -> None:
    """The log keeps both; the same values again are not a new version."""
    load("transactions", f"{ORDERS}t1,a,2025-03-01 11:00:00,5,0\n", "1.csv")
    load("transactions", f"{ORDERS}t1,a,2025-03-02 11:00:00,6,0\n", "2.csv")
    again = load("transactions", f"{ORDERS}t1,a,2025-03-02 11:00:00,6,0\n\n", "3.csv")
    assert again.rows_repeated == 1
    versions = "SELECT version, amount FROM raw.transactions ORDER BY version"
    assert engine.rows(versions) == [(1, Decimal(5)), (2, Decimal(6))]
    assert engine.state().touched["raw.transactions"].keys() == {DAY, NEXT_DAY}


def test_what_fails_behind_a_load_undoes_it(
    engine: Engine, load: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log, quarantine, loads and touched days are one transaction."""
    load("transactions", f"{ORDERS}t1,a,2025-03-01 11:00:00,5,0\n", "1.csv")
    before = engine.state()

    def fail(*_: object) -> int:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("ltv_platform.ingestion.load.settle_quarantine", fail)
        with pytest.raises(RuntimeError, match="killed"):
            load("transactions", f"{ORDERS}t2,a,2025-03-02 11:00:00,x,0\n", "2.csv")
    assert engine.state() == before
    assert engine.rows("SELECT COUNT(*) FROM raw.quarantine") == [(0,)]
    assert engine.rows("SELECT COUNT(*) FROM raw.loads") == [(1,)]


def test_quarantine_is_settled_replayed_and_dismissed(
    engine: Engine, load: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A valid row of its key settles a rejected one; the others can be sent again or dismissed."""
    bad = "".join(f"t{n},a,2025-03-01 11:00:00,5,maybe\n" for n in (1, 2))
    load("transactions", ORDERS + bad, "1.csv")
    load("transactions", f"{ORDERS}t1,a,2025-03-01 11:00:00,5,0\n", "2.csv")
    settled = "SELECT line, settled_at IS NOT NULL FROM raw.quarantine ORDER BY line"
    assert engine.rows(settled) == [(2, True), (3, False)]
    early = "".join(f"t{n},a,2025-02-01 11:00:00,5,0\n" for n in (3, 4))
    load("transactions", ORDERS + early, "3.csv")
    earlier = engine.settings.model_copy(update={"start_date": date(2025, 1, 1)})
    monkeypatch.setattr(engine, "settings", earlier)
    assert [counts.rows_accepted for counts in replay(engine)] == [2]
    assert dismiss(engine, "nobody knows") == 1
    order = "SELECT transaction_id FROM raw.transactions ORDER BY load_sequence, line"
    assert engine.rows(order) == [("t1",), ("t3",), ("t4",)]


def test_a_range_is_replaced_and_nothing_else(engine: Engine) -> None:
    """Rows of other days stay."""
    assert _write(engine, _select(("v1", DAY), ("v2", NEXT_DAY)), DAY, NEXT_DAY) == 2
    assert _write(engine, _select(("v3", NEXT_DAY)), NEXT_DAY, NEXT_DAY) == 1
    assert _keys(engine) == ["v1", "v3"]
    arrow = engine.fetch(_select(("v4", DAY)).sql)
    assert _write(engine, arrow, DAY, DAY) == 1
    assert _keys(engine) == ["v3", "v4"]


@pytest.mark.parametrize(
    "rows",
    [
        _select(("v2", NEXT_DAY)),
        Select("SELECT 'v2' AS conv_id", {}),
        Select(f"SELECT *, 1 AS more FROM ({ROW.format(key='v2', day=DAY)})", {}),
    ],
    ids=["of another day", "columns missing", "a column too many"],
)
def test_a_write_that_fails_leaves_all_as_it_was(engine: Engine, rows: Select) -> None:
    """Nothing is deleted, and nothing counts as built."""
    _write(engine, _select(("v1", DAY)), DAY, DAY)
    before = engine.state()
    with pytest.raises(UserError):
        _write(engine, rows, DAY, DAY)
    assert _keys(engine) == ["v1"]
    assert engine.state() == before


def test_a_whole_table_is_replaced(engine: Engine) -> None:
    """Its day is None for the planner."""
    table, writer = engine.catalog[TABLE], Writer(TABLE, "hash", engine.as_of())
    assert engine.replace(table, _select(("v1", DAY), ("v2", NEXT_DAY)), writer) == 2
    assert engine.replace(table, _select(("v3", DAY)), writer) == 1
    assert _keys(engine) == ["v3"]
    assert engine.state().built[TABLE].keys() == {None}


def test_a_write_is_newer_than_the_loads_before_it(engine: Engine, load: Loader) -> None:
    """Loads and writes are numbered in one order; that is how the planner sees what is stale."""
    load("transactions", f"{ORDERS}t1,a,2025-03-01 11:00:00,5,0\n", "1.csv")
    _write(engine, _select(("v1", DAY)), DAY, DAY)
    state = engine.state()
    assert state.touched["raw.transactions"][DAY] < state.built[TABLE][DAY].seq == state.newest
    load("transactions", f"{ORDERS}t2,a,2025-03-01 12:00:00,5,0\n", "2.csv")
    later = engine.state()
    assert later.touched["raw.transactions"][DAY] > later.built[TABLE][DAY].seq
    assert later.as_of.day == engine.as_of().day == DAY
    assert engine.newest_event("transactions") == datetime(2025, 3, 1, 12)
    assert engine.first_day() == DAY
    assert engine.state((TABLE,)).touched == {}


def test_a_write_is_confirmed_and_forgotten(engine: Engine) -> None:
    """By the days that were checked; what is forgotten is stale."""
    _write(engine, _select(("v1", DAY), ("v2", NEXT_DAY)), DAY, NEXT_DAY)
    engine.confirm(TABLE, "hash", "checked", [DAY])
    engine.confirm(TABLE, "another", "wrong", [DAY, NEXT_DAY])
    hashes = {day: built.code_hash for day, built in engine.state().built[TABLE].items()}
    assert hashes == {DAY: "checked", NEXT_DAY: "hash"}
    engine.forget(TABLE, NEXT_DAY, NEXT_DAY)
    assert engine.state().built[TABLE].keys() == {DAY}
    engine.forget(TABLE)
    engine.record([Writer("published", "name", engine.as_of())], 7)
    assert {asset: days[None].seq for asset, days in engine.state().built.items()} == {
        "published": 7
    }


def test_values_are_those_of_python_and_of_arrow(engine: Engine) -> None:
    """Money is decimal, instants have no zone, and a parameter may be a list."""
    sql = (
        "SELECT $day AS day, CAST('1.5' AS DECIMAL(18,6)) AS money, "
        "TIMESTAMP '2025-03-01 10:00:00' AS instant, ['a', NULL] AS texts, "
        "CAST(NULL AS VARCHAR) AS nothing, list_contains($names, 'b') AS named"
    )
    values = {"day": DAY, "names": ["a", "b"]}
    row = (DAY, Decimal("1.500000"), datetime(2025, 3, 1, 10), ["a", None], None, True)
    assert engine.rows(sql, values) == [row]
    table = engine.fetch(sql, values)
    assert tuple(table.to_pylist()[0].values()) == row
    assert table.schema.field("money").type == pa.decimal128(18, 6)


def test_a_published_part_has_a_total_order(engine: Engine, tmp_path: Path) -> None:
    """Of its columns as they are named, NULL first."""
    rows = Select("SELECT * FROM (VALUES (2, 'b'), (NULL, 'a'), (1, $b)) AS t(n, x)", {"b": "b"})
    path = tmp_path / "part.parquet"
    assert engine.copy_to_parquet(rows, ("x", "n"), path) == 3
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT n, x FROM '{path}'").fetchall()
    assert found == [(None, "a"), (1, "b"), (2, "b")]


def test_a_transaction_counts_whole_or_not(engine: Engine) -> None:
    """Its own reads see it; an error of any kind undoes it."""
    insert = "INSERT INTO raw.rewritten BY NAME SELECT 'new' AS rewritten_id, 'old' AS load_id"
    count = "SELECT COUNT(*) FROM raw.rewritten"
    with pytest.raises(RuntimeError, match="killed"), engine.transaction() as transaction:
        assert transaction.execute(insert) == 1
        transaction.touch({"ihc_answers": {DAY}, "ihc_requests": {None}})
        assert transaction.rows(count) == [(1,)]
        raise RuntimeError("killed")
    assert engine.rows(count) == [(0,)]
    assert engine.state().touched == {}
    with engine.transaction() as transaction:
        transaction.execute(insert)
        transaction.touch({"ihc_answers": {DAY}, "ihc_requests": {None}})
    touched = engine.state().touched
    assert touched == {"raw.ihc_answers": {DAY: 1}, "raw.ihc_requests": {None: 1}}
    with engine.transaction() as transaction:
        assert transaction.execute("DELETE FROM raw.rewritten") == 1


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("INSERT INTO raw.nothing SELECT 1", StatementError),
        ("INSERT INTO raw.rewritten SELECT error('so it is'), 'x'", RaisedError),
    ],
)
def test_a_wrong_statement_is_an_error_of_the_seam(
    engine: Engine, sql: str, kind: type[StatementError]
) -> None:
    """Also while rows come in from Arrow; the engine can be used afterwards."""
    with (
        pytest.raises(kind, match=r"nothing|so it is$"),
        engine.transaction() as transaction,
        transaction.incoming(pa.table({"a": [1]})) as (source, parameters),
    ):
        assert transaction.columns(source, parameters) == {"a": "BIGINT"}
        transaction.execute(sql)
    assert engine.rows("SELECT COUNT(*) FROM raw.rewritten") == [(0,)]


def test_own_tables_are_listed_with_their_columns(engine: Engine) -> None:
    """And are written by days, read, and written whole in other columns."""
    table = OwnTable("team", "notes", "day")
    rows = pa.table({"day": [DAY, NEXT_DAY], "text": ["a", "b"]})
    assert write(engine, table, rows, (DAY, NEXT_DAY)) == 2
    assert write(engine, table, rows.slice(1), (NEXT_DAY, NEXT_DAY)) == 1
    assert read(engine, table, [(DAY, DAY)]).to_pylist() == [{"day": DAY, "text": "a"}]
    with pytest.raises(UserError, match="rows outside the days"):
        write(engine, table, rows, (DAY, DAY))
    assert types(engine, table) == {"day": "DATE", "text": "VARCHAR"}
    whole = OwnTable("team", "notes")
    assert write(engine, whole, Select("SELECT 1.5 AS x", {})) == 1
    assert engine.tables()["team", "notes"] == {"x": "DECIMAL(2,1)"}
    with pytest.raises(UserError, match="never written"):
        read(engine, OwnTable("team", "others"))


def test_judging_sees_what_is_brought(engine: Engine) -> None:
    """Whether it is the engine's own connection or not."""
    with engine.judging() as connection:
        engine.bring(connection, "brought", "SELECT $day AS day", {"day": DAY})
        assert connection.execute("SELECT day FROM brought").fetchall() == [(DAY,)]


def _filled(folder: Path, opened: Callable[..., Engine]) -> Home:
    home = Home(folder, start_date="2025-03-01", as_of="2025-04-30", horizons=(1, 7))
    home.settings.home.mkdir(exist_ok=True)
    home.engine = opened(home.settings, home.graph.catalog)  # type: ignore[assignment]
    home.load(
        "session_sources",
        "s1,a,ads,2025-03-01,10:30:00,1,0",
        "s2,a,Direct,2025-03-02,9:00:00,0,1",
    )
    home.load("session_costs", "s1,2.5")
    home.load("conversions", "v1,a,2025-03-02,12:00:00,30")
    home.load("campaigns", "c1,Spring")
    for table, rows in ROWS.items():
        home.load(table, *rows)
    return home


def test_figures_are_those_of_any_engine(tmp_path: Path) -> None:
    """Files loaded, every table built, published: the same rows, whichever engine made them."""
    embedded, memory = (
        _filled(tmp_path / opened.__name__, opened) for opened in (open_engine, open_memory_engine)
    )
    snapshots = [home.publish() for home in (embedded, memory)]
    assert memory.tables() == embedded.tables()
    assert any(embedded.tables().values())
    names = [sorted(snapshot.manifest["tables"]) for snapshot in snapshots]
    assert names[0] == names[1]
    for name in names[0]:
        if name not in ("built", "loads"):  # where files lay, and when
            sql = f'SELECT * FROM "{name}" ORDER BY ALL'
            assert memory.values(sql) == embedded.values(sql), name
    assert not memory.settings.warehouse_path.exists()


def test_an_engine_that_does_not_exist_is_refused() -> None:
    """With those that do."""
    with pytest.raises(UserError, match="LTV_ENGINE: Input should be 'duckdb'"):
        load_settings(engine="other")
